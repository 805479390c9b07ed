// The page: what is shown, and what the buttons do.

import { $, h, show } from './dom.js';
import { span } from './explain.js';
import * as client from './client.js';
import * as experiments from './experiments.js';
import * as feed from './feed.js';
import * as state from './state.js';
import * as timeline from './timeline.js';
import { renderCountdown, renderSession, renderSignedOut, sessionItem, setUpTheme } from './view.js';
import { claimsOf } from './wire.js';

const { body } = document;

/** After which an expiry that nobody could do anything about is looked at again. */
const RETRY = 5_000;

/** The secret of the last login, in this tab and until it is reloaded. */
let typed = null;

/** What /me has told: in cookie mode the page knows no token. */
let told = null;

let nextExpiry = 0;

start();

async function start() {
  setUpTheme();
  const answer = await client.callOnce({ path: '/demo/settings' }, null, null);
  Object.assign(client.settings, answer.body || { accounts: [], grace_ms: 0, cookies: null });
  setUpSignIn();
  setUpButtons();
  state.onChange(render);
  render();
  feed.start({ onEvent, mayRefresh, step: quietly('feed', 'The feed was cut off') });
  setInterval(tick, 250);
  if (state.load()) {
    await look();
  }
  body.dataset.ready = 'true';
}

// Signing in.

function setUpSignIn() {
  const { accounts, cookies, framework, grace_ms: grace } = client.settings;
  const seconds = span(Math.round(grace / 1000));
  $('facts').textContent = `${framework || 'the demo'} · window of grace ${seconds}`;
  $('grace-text').textContent = grace > 0 ? `more than ${seconds} later` : 'later';
  const select = $('account');
  for (const [index, account] of [...accounts.entries()].reverse()) {
    const kind = { user: 'user', application: 'user of type application', api_key: 'API key' }[account.kind];
    const option = h('option', { value: account.name, selected: index === 0 }, `${account.name} · ${kind}`);
    select.prepend(option);
  }
  if (!cookies) {
    $('mode-cookie-hint').textContent = 'switched off; start the demo with --cookies';
  }
  select.addEventListener('change', takeAccount);
  for (const radio of document.querySelectorAll('[name=api]')) {
    radio.addEventListener('change', fitForm);
  }
  $('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    signIn();
  });
  takeAccount();
}

/** The chosen account goes into the fields, with an API that knows it. */
function takeAccount() {
  const account = client.settings.accounts.find((own) => own.name === $('account').value);
  $('username').value = account ? account.name : '';
  $('password').value = account ? account.secret : '';
  if (account && (account.kind === 'api_key') !== (chosen('api') === 'api-key')) {
    $(account.kind === 'api_key' ? 'api-key' : 'api-password-grant').checked = true;
  }
  fitForm();
}

function fitForm() {
  const isKey = chosen('api') === 'api-key';
  $('username-label').textContent = isKey ? 'API id' : 'User name';
  $('password-label').textContent = isKey ? 'API key' : 'Password';
  const hasCookies = Boolean(client.settings.cookies) && chosen('api') === 'password-grant';
  $('mode-cookie').disabled = !hasCookies;
  if (!hasCookies) {
    $('mode-header').checked = true;
  }
}

function chosen(name) {
  return document.querySelector(`[name=${name}]:checked`).value;
}

function signIn() {
  const wanted = {
    api: chosen('api'),
    mode: chosen('mode'),
    name: $('username').value,
    secret: $('password').value,
  };
  return act('login', `Sign in as ${wanted.name}`, $('login'), async ({ group }) => {
    show($('login-error'), false);
    const { answer, session } = await client.login(wanted, (event) => group.step(event));
    if (!session) {
      $('login-error').textContent = problem(answer);
      show($('login-error'), true);
      return false;
    }
    sessionStorage.removeItem('portcullis-ended');
    typed = { name: wanted.name, api: wanted.api, secret: wanted.secret };
    await look();
    return true;
  });
}

function problem(answer) {
  if (answer.status === 'failed') {
    return 'The server does not answer.';
  }
  if (answer.status === 429) {
    return `Too many attempts. Try again in ${answer.retryAfter || 'some'} s.`;
  }
  return answer.status >= 500 ? 'The server cannot decide now. Try again.' : 'That name and secret do not go together.';
}

function secretOf(session) {
  if (typed && typed.name === session.name && typed.api === session.api) {
    return typed.secret;
  }
  const isKey = session.api === 'api-key';
  const known = client.settings.accounts.find(
    (own) => own.name === session.name && (own.kind === 'api_key') === isKey,
  );
  return known ? known.secret : null;
}

// What the buttons do.

function setUpButtons() {
  const actions = {
    'call-me': ['call', 'Call /me', ({ step }) => client.call({ path: '/me' }, step).then(isGood)],
    refresh: ['refresh', 'Refresh', refreshNow],
    logout: ['logout', 'Log out', ({ step }) => logout(false, step)],
    'logout-all': ['logout-all', 'Log out everywhere', ({ step }) => logout(true, step)],
    'sessions-reload': ['sessions', 'List the sessions', ({ step }) => loadSessions(step)],
    'try-eight': ['eight', 'Eight calls at once', experiments.eight],
    'try-tabs': ['tabs', 'Two tabs', experiments.tabs],
    'try-replay': ['replay', 'Replay a stolen token', experiments.replay],
    'try-lost-answer': ['lost-answer', 'Lose the answer', experiments.lostAnswer],
    'try-log-out-elsewhere': ['log-out-elsewhere', 'Log out elsewhere', experiments.elsewhere],
  };
  for (const [id, [name, title, work]] of Object.entries(actions)) {
    $(id).addEventListener('click', () => act(name, title, $(id), work));
  }
  $('drop').addEventListener('click', client.drop);
  $('timeline-clear').addEventListener('click', timeline.clear);
  $('feed-clear').addEventListener('click', feed.clear);
}

/** Does one thing at a time, and tells of it in a group of the timeline. */
async function act(name, title, button, work) {
  if (body.dataset.busy === 'true') {
    return;
  }
  const place = button && (button.form || button);
  const hadFocus = place && place.contains(document.activeElement);
  body.dataset.busy = 'true';
  mark(button, 'running');
  render();
  const group = timeline.group(name, title);
  try {
    const context = { group, step: (event) => group.step(event), wait, secretOf };
    group.done((await work(context)) !== false);
  } catch (error) {
    group.verdict('bad', `The page has failed: ${error.message}`);
  } finally {
    mark(button, group.outcome());
    body.dataset.busy = 'false';
    render();
    if (hadFocus) {
      giveFocusBack(button);
    }
    loadSessions();
  }
}

/** A button that was switched off meanwhile, or is gone, has lost the focus. */
function giveFocusBack(button) {
  const isThere = button.isConnected && button.offsetParent !== null && !button.disabled;
  const next = state.load() ? $('session-title') : $('account');
  if (document.activeElement === body || !isThere) {
    (isThere ? button : next).focus();
  }
}

/** Only experiments show how they ended on their button. */
function mark(button, outcome) {
  if (button && 'outcome' in button.dataset) {
    button.dataset.outcome = outcome;
  }
}

/** A step that makes a group only if there is something to tell. */
function quietly(name, title) {
  let group = null;
  let timer = 0;
  return (event) => {
    group = group || timeline.group(name, title);
    group.step(event);
    group.done(event.answer.ok);
    // What comes much later is another story.
    clearTimeout(timer);
    timer = setTimeout(() => {
      group = null;
    }, 3_000);
  };
}

function isGood(answer) {
  return answer.ok;
}

async function refreshNow({ group, step }) {
  const session = state.load();
  if (!client.refreshes(session)) {
    return group.verdict('note', 'This API has no refresh tokens.');
  }
  const answer = await client.refresh({ since: session.round, step });
  if (answer.byAnother) {
    group.note('Another tab has just refreshed.');
  }
  return answer.ok;
}

async function logout(everywhere, step) {
  const answer = await client.logout(everywhere, step);
  return answer.ok;
}

/** A pause that is shown. False if it was called off, or the session has ended. */
async function wait(milliseconds, until) {
  const shown = $('wait');
  const end = Date.now() + milliseconds;
  let isOff = false;
  $('wait-stop').onclick = () => {
    isOff = true;
  };
  show(shown, true);
  while (Date.now() < end && !isOff && state.load()) {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    shown.dataset.seconds = seconds;
    $('wait-text').textContent = `${span(seconds)} ${until}`;
    await new Promise((resolve) => setTimeout(resolve, Math.min(200, end - Date.now())));
  }
  show(shown, false);
  shown.dataset.seconds = 0;
  return !isOff && Boolean(state.load());
}

// What happens by itself.

/** Asks who is signed in, and where else. */
async function look() {
  const session = state.load();
  if (session && session.mode === 'cookie') {
    const answer = await client.callOnce({ path: '/me' }, null);
    told = answer.ok ? answer.body : told;
  }
  await loadSessions();
  render();
}

function mayRefresh() {
  return $('auto-refresh').checked;
}

/** Another session, or this one, has changed. */
function onEvent(event) {
  const session = state.load();
  if (!session || body.dataset.busy === 'true') {
    return;
  }
  const isOwn = event.session === sessionId(session);
  const isOver = event.event === 'session_ended' || event.event === 'refresh_reused';
  if (isOwn && isOver) {
    client.end(event.event === 'refresh_reused' ? 'revoked' : 'elsewhere');
  } else {
    loadSessions();
  }
}

function sessionId(session) {
  const claims = session.mode === 'cookie' ? told : claimsOf(session.access);
  return claims ? claims.sid : null;
}

/** Once in a while: the countdown, and what follows from its end. */
function tick() {
  const session = state.load();
  if (!session) {
    return;
  }
  renderCountdown(session);
  const isDue = session.expiresAt <= Date.now() && Date.now() >= nextExpiry;
  if (isDue && mayRefresh() && client.refreshes(session) && body.dataset.busy === 'false') {
    nextExpiry = Date.now() + RETRY;
    act('expiry', 'The access token has expired', null, async ({ step }) => {
      const answer = await client.call({ path: '/me' }, step);
      told = answer.ok ? answer.body : told;
      return answer.ok;
    });
  }
}

// What is shown.

function render() {
  const session = state.load();
  const isBusy = body.dataset.busy === 'true';
  body.dataset.signedIn = String(Boolean(session));
  show($('sign-in'), !session);
  show($('session'), Boolean(session));
  show($('claims-panel'), Boolean(session));
  for (const button of document.querySelectorAll('#experiments [data-outcome], #sessions button, #session button')) {
    button.disabled = !session || isBusy;
  }
  $('login').disabled = isBusy;
  if (session) {
    body.dataset.api = session.api;
    body.dataset.mode = session.mode;
    renderSession(session, told);
  } else {
    delete body.dataset.api;
    delete body.dataset.mode;
    told = null;
    renderSignedOut();
  }
}

/** The list of sessions; told to the timeline only when somebody asked. */
async function loadSessions(step) {
  const session = state.load();
  if (!session) {
    return false;
  }
  const request = { path: '/sessions' };
  const answer = step
    ? await client.call(request, (event) => step(event.kind === 'refresh' ? event : { ...event, kind: 'sessions' }))
    : await client.callOnce(request, null);
  if (answer.ok && state.load()) {
    const items = answer.body.sessions.slice().reverse().map((one) => sessionItem(one, endOne));
    $('sessions-list').replaceChildren(...items);
    show($('sessions-empty'), items.length === 0);
  }
  return answer.ok;
}

function endOne(session, button) {
  return act('end', 'End a session', button, async ({ step }) => {
    const answer = await experiments.endSession(session.id, step);
    if (answer.ok && session.current) {
      client.end('logout');
    }
    return answer.ok;
  });
}

// The page: what is shown, and what the buttons do.

import { $, h, show } from './dom.js';
import { explainClaims, moment, span } from './explain.js';
import * as client from './client.js';
import * as experiments from './experiments.js';
import * as feed from './feed.js';
import * as state from './state.js';
import * as timeline from './timeline.js';
import { APIS, claimsOf, short } from './wire.js';

const { body } = document;

/** After which an expiry that nobody could do anything about is looked at again. */
const RETRY = 5_000;

const ENDED = {
  revoked: 'The session was revoked: a refresh token that had been used came back.',
  refused: 'The session is over: the refresh token was refused.',
  logout: 'You have logged out.',
};

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
    $('session-title').focus();
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
  const hadFocus = button && document.activeElement === button;
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
    if (hadFocus && !button.disabled && document.activeElement === body) {
      button.focus();
    }
    loadSessions();
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

/** A pause that is shown. False if the session has ended meanwhile. */
async function wait(milliseconds, until) {
  const shown = $('wait');
  const end = Date.now() + milliseconds;
  show(shown, true);
  while (Date.now() < end && state.load()) {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    shown.dataset.seconds = seconds;
    shown.textContent = `${span(seconds)} ${until}`;
    await new Promise((resolve) => setTimeout(resolve, Math.min(200, end - Date.now())));
  }
  show(shown, false);
  shown.dataset.seconds = 0;
  return Boolean(state.load());
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
    client.end(event.event === 'refresh_reused' ? 'revoked' : 'logout');
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
  for (const button of document.querySelectorAll('#experiments button, #sessions button, #session button')) {
    button.disabled = !session || isBusy;
  }
  $('login').disabled = isBusy;
  if (session) {
    body.dataset.api = session.api;
    body.dataset.mode = session.mode;
    renderSession(session);
  } else {
    renderSignedOut();
  }
}

function renderSignedOut() {
  delete body.dataset.api;
  delete body.dataset.mode;
  told = null;
  const reason = sessionStorage.getItem('portcullis-ended');
  const shown = $('signed-out-reason');
  show(shown, Boolean(reason));
  shown.dataset.reason = reason || '';
  shown.textContent = ENDED[reason] || '';
  $('sessions-list').replaceChildren();
  show($('sessions-empty'), true);
}

function renderSession(session) {
  const isCookie = session.mode === 'cookie';
  $('who').textContent = session.name;
  $('how').textContent = `${APIS[session.api].title} API, ${isCookie ? 'cookies' : 'headers'}`;
  token($('access-token'), isCookie ? 'in a cookie, out of reach' : short(session.access), isCookie || !session.dropped);
  if (session.dropped) {
    $('access-token').textContent = 'dropped';
  }
  const hasRefresh = client.refreshes(session);
  token($('refresh-token'), isCookie ? 'in a cookie, out of reach' : short(session.refresh), hasRefresh);
  if (!hasRefresh) {
    $('refresh-token').textContent = 'none';
  }
  renderCountdown(session);
  renderClaims(session, isCookie ? told : claimsOf(session.access));
}

function token(element, text, isPresent) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
  element.dataset.present = String(isPresent);
}

function renderCountdown(session) {
  const left = Math.max(0, session.expiresAt - Date.now());
  const seconds = Math.ceil(left / 1000);
  const shown = $('countdown');
  let name = seconds === 0 ? 'over' : 'good';
  if (name === 'good' && left < session.lifetime / 5) {
    name = 'soon';
  }
  if (session.dropped) {
    name = 'dropped';
  }
  if (shown.dataset.seconds !== String(seconds) || $('expiry').dataset.state !== name) {
    shown.dataset.seconds = seconds;
    shown.textContent = { over: '', dropped: '' }[name] ?? span(seconds);
    $('expiry').dataset.state = name;
    $('expiry-label').textContent = {
      over: 'The access token has expired',
      dropped: 'The access token is dropped: calls go without',
    }[name] ?? 'The access token is good for';
    $('expiry-bar').value = session.dropped ? 0 : left / session.lifetime;
  }
}

function renderClaims(session, claims) {
  const isCookie = session.mode === 'cookie';
  $('claims-title').textContent = isCookie ? 'What /me tells' : 'What the token says';
  $('claims-hint').textContent = isCookie
    ? 'The token is in a cookie that scripts cannot read. These are its claims as the server tells them.'
    : 'Everybody who holds the token can read it. Only whoever has the key can write one.';
  const table = $('claims');
  const key = JSON.stringify(claims);
  if (table.dataset.shown === key) {
    return;
  }
  table.dataset.shown = key;
  table.dataset.source = isCookie ? 'me' : 'token';
  const rows = explainClaims(claims || {}).map(({ name, value, meaning }) =>
    h(
      'tr',
      { 'data-claim': name },
      h('th', { scope: 'row' }, h('code', {}, name)),
      h('td', { class: 'value' }, h('code', {}, value)),
      h('td', { class: 'meaning' }, meaning),
    ),
  );
  table.tBodies[0].replaceChildren(...rows);
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
    const items = answer.body.sessions.slice().reverse().map(sessionItem);
    $('sessions-list').replaceChildren(...items);
    show($('sessions-empty'), items.length === 0);
  }
  return answer.ok;
}

function sessionItem(session) {
  const { device } = session;
  const button = h('button', { type: 'button', class: 'end', disabled: body.dataset.busy === 'true' }, session.current ? 'End this one' : 'End');
  button.setAttribute('aria-label', `End the session ${session.id.slice(0, 8)}${session.current ? ', which is this one' : ''}`);
  button.addEventListener('click', () =>
    act('end', 'End a session', button, async ({ step }) => {
      const answer = await experiments.endSession(session.id, step);
      if (answer.ok && session.current) {
        client.end('logout');
      }
      return answer.ok;
    }),
  );
  return h(
    'li',
    { 'data-session': session.id, 'data-current': session.current },
    h(
      'div',
      {},
      h('p', { class: 'line' }, h('code', {}, session.id.slice(0, 8)), session.current ? h('span', { class: 'badge' }, 'this one') : null),
      h('p', { class: 'why' }, `${agent(device.user_agent)} · since ${moment(session.created_at * 1000)}`),
      h('p', { class: 'why' }, `refreshed ${moment(session.last_used_at * 1000)} · ends ${moment(session.expires_at * 1000)}`),
    ),
    button,
  );
}

/** The short name of a browser or program. */
function agent(text) {
  const known = /(Firefox|Edg|OPR|Chrome|Chromium|Safari|curl)\/(\d+)/.exec(text || '');
  return known ? `${known[1].replace('Edg', 'Edge').replace('OPR', 'Opera')} ${known[2]}` : (text || 'unknown').slice(0, 40);
}

// The theme.

function setUpTheme() {
  const root = document.documentElement;
  const button = $('theme');
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const tell = () => {
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    localStorage.setItem('portcullis-theme', root.dataset.theme);
    tell();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);
  tell();
}

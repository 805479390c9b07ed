// What the page shows of a session, and of its absence.

import { $, h, show } from './dom.js';
import { explainClaims, moment, span } from './explain.js';
import * as client from './client.js';
import { APIS, claimsOf, short } from './wire.js';

const ENDED = {
  revoked: 'The session was revoked: a refresh token that had been used came back.',
  refused: 'The session is over: the refresh token was refused.',
  logout: 'You have logged out.',
  elsewhere: 'The session was ended from elsewhere.',
};

/** Nobody is signed in; why, if somebody was. */
export function renderSignedOut() {
  const reason = sessionStorage.getItem('portcullis-ended');
  const shown = $('signed-out-reason');
  show(shown, Boolean(reason));
  shown.dataset.reason = reason || '';
  shown.textContent = ENDED[reason] || '';
  $('sessions-list').replaceChildren();
  show($('sessions-empty'), true);
}

/** Who is signed in, and how. `told` is what /me has told of a token in a cookie. */
export function renderSession(session, told) {
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

/** How long the access token is good. */
export function renderCountdown(session) {
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

/** An entry of the list of sessions, with a button that calls `end`. */
export function sessionItem(session, end) {
  const { device } = session;
  const button = h('button', { type: 'button', class: 'end', disabled: document.body.dataset.busy === 'true' }, session.current ? 'End this one' : 'End');
  button.setAttribute('aria-label', `End the session ${session.id.slice(0, 8)}${session.current ? ', which is this one' : ''}`);
  button.addEventListener('click', () => end(session, button));
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

/** The switch between dark and light. */
export function setUpTheme() {
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

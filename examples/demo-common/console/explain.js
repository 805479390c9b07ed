// What things mean, in plain words.

import { APIS, claimsOf, short } from './wire.js';

const CLAIMS = {
  iss: 'Who issued the token (issuer).',
  sub: 'Whom it speaks for (subject).',
  aud: 'Whom it is meant for (audience): others must refuse it.',
  exp: 'When it ends (expiration time). Not a second later, but for clocks that differ.',
  nbf: 'From when on it is good (not before).',
  iat: 'When it was issued (issued at).',
  jti: 'Its own name (JWT id), by which it can be revoked alone.',
  sid: 'The session it belongs to. When that ends, so does the token.',
  type: 'What it is for. A refresh token is refused where an access token is wanted.',
  fresh: 'Whether a password was typed for it. False after a refresh.',
  identity: 'The user, as the session API calls it.',
  user_id: 'The user, as the password-grant API calls it.',
  client_id: 'The OAuth client that logged in.',
  scope: 'What it may be used for.',
  auth_time: 'When somebody last proved who they are.',
  api_id: 'The API id that authenticated.',
  organization_id: 'The organisation to which the API id belongs.',
};

const DATES = new Set(['exp', 'nbf', 'iat', 'auth_time']);

/** The claims as rows: `{name, value, meaning}`, the ones people ask for first. */
export function explainClaims(claims) {
  const order = Object.keys(CLAIMS);
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.entries(claims)
    .sort(([one], [other]) => place(one) - place(other))
    .map(([name, value]) => ({
      name,
      value: DATES.has(name) ? `${value} · ${clock(value * 1000)}` : text(value),
      meaning: CLAIMS[name] || 'A claim of this application.',
    }));
}

function text(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A time of day; with its day, if that is another one than today. */
export function clock(milliseconds) {
  const time = new Date(milliseconds);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** A moment to the minute, for what is long ago or far off. */
export function moment(milliseconds) {
  const time = new Date(milliseconds);
  const isToday = time.toDateString() === new Date().toDateString();
  const day = isToday ? {} : { day: 'numeric', month: 'short' };
  return time.toLocaleString([], { ...day, hour: '2-digit', minute: '2-digit' });
}

/** So many seconds, for people. */
export function span(seconds) {
  if (seconds >= 86400) {
    return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
  }
  if (seconds >= 3600) {
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  }
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds} s`;
}

/** Why the server answered as it did. */
export function why({ kind, answer, session, presented, request }) {
  const { status, error } = answer;
  if (status === 'failed') {
    return answer.reason === 'AbortError'
      ? 'The page hung up before the answer came. Whether the server has acted on the request, the page cannot know.'
      : 'No answer: the server cannot be reached. Nothing was decided, so nothing is forgotten.';
  }
  if (status === 429) {
    return `Too many attempts${after(answer)}. The same for every name, so that it tells nothing about them.`;
  }
  if (status >= 500) {
    return `The server cannot decide now${after(answer)}. That is no refusal: the tokens are as good as before.`;
  }
  if (error === 'invalid_csrf_token') {
    return 'The cookies came, but not the header X-CSRF-Token that goes with them: another site can make a browser send cookies, not this header.';
  }
  if (error === 'cross_origin_request') {
    return 'The browser says that the request comes from an origin that is not allowed to send cookies here.';
  }
  switch (kind) {
    case 'login':
      return whyLogin(answer);
    case 'refresh':
    case 'replay':
      return whyRefresh(answer, presented, request);
    case 'logout':
    case 'logout-all':
      return answer.ok
        ? 'What belongs to the session is refused from now on, on this server at once. A second log-out would get the same answer.'
        : 'The token that was presented is not good enough to log out with.';
    case 'end':
      return whyEnd(answer);
    case 'sessions':
      return answer.ok ? 'Whoever holds a good access token sees the sessions of its account, and no others.' : whyCall(answer, session);
    default:
      return whyCall(answer, session);
  }
}

function whyLogin(answer) {
  if (answer.ok && answer.body && answer.body.csrf_token) {
    return 'A new session. The tokens went into cookies that no script can read; the body has the CSRF token alone.';
  }
  if (answer.ok) {
    return 'A new session. Logging in again would make another one.';
  }
  return 'One answer for an unknown name and for a wrong secret, and the same work for both.';
}

function whyRefresh(answer, presented, request) {
  if (!answer.ok) {
    return answer.status === 400 || answer.status === 401
      ? 'The refresh token is no longer good: expired, of a session that has ended, or used before. One answer for all of them; the events tell which.'
      : 'The refresh was refused.';
  }
  const body = answer.body || {};
  if (!body.refresh_token) {
    return request && request.path.startsWith(APIS.session.refresh('').path)
      ? 'A new access token. This API keeps its refresh token until it expires.'
      : 'New cookies, and a CSRF token that is the same for the whole session.';
  }
  if (body.refresh_token === presented) {
    return `The refresh token ${short(presented)} is younger than the window of grace, so it rests: it came back as it was, with a new access token.`;
  }
  const claims = claimsOf(body.refresh_token);
  const generation = claims ? ` of generation ${claims.gen}` : '';
  return `The refresh token was exchanged for its successor${generation}, ${short(body.refresh_token)}.`;
}

function whyEnd(answer) {
  if (answer.ok) {
    return 'The session is over. A session of somebody else, or none at all, would get the same answer, and nothing would happen.';
  }
  return answer.status === 404 ? 'This server has no such route.' : whyCall(answer, null);
}

function whyCall(answer, session) {
  if (answer.ok) {
    return 'Signature, dates and audience are right, and the session has not ended.';
  }
  if (answer.status === 401 && answer.error !== 'invalid_token') {
    return 'No credentials came. The challenge names the scheme that is wanted, and no error.';
  }
  if (answer.status === 401) {
    const isOver = session && session.expiresAt <= Date.now();
    return isOver
      ? 'The access token has expired. The answer says only that it is not good, not why.'
      : 'The access token is not good: expired, revoked or not genuine. The answer does not say which; nobody should learn that from it.';
  }
  if (answer.status === 403) {
    return 'The token is good, and not for this.';
  }
  return answer.status === 400 ? 'The request cannot be understood.' : '';
}

function after(answer) {
  return answer.retryAfter ? `; try again after ${answer.retryAfter} s` : '';
}

function since(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds === 0 ? 'right after' : `${span(seconds)} after`;
}

/** Why a session ended, if it was no plain log-out. */
const ENDED = {
  logout_everywhere: 'Logged out everywhere.',
  evicted: 'It had to make room for a newer one.',
};

/** What an event of the feed means. */
export function explainEvent(event) {
  const ago = 'elapsed_ms' in event ? ` ${since(event.elapsed_ms)} the last exchange` : '';
  const generation = 'generation' in event ? ` of generation ${event.generation}` : '';
  switch (event.event) {
    case 'session_opened':
      return { title: 'Session opened', tone: 'good', text: 'Somebody logged in.' };
    case 'refresh_rotated':
      return { title: 'Refreshed', tone: 'good', text: `The refresh token${generation} was exchanged for the next one.` };
    case 'refresh_valid':
      return { title: 'Refreshed', tone: 'good', text: 'A refresh token that stays the same gave a new access token.' };
    case 'refresh_rested':
      return { title: 'Token rested', tone: 'note', text: `A refresh token${generation} came${ago}, and was given again.` };
    case 'refresh_replayed':
      return { title: 'Repeat forgiven', tone: 'note', text: `A used refresh token${generation} came again${ago}: a tab, or a lost answer. Same successor.` };
    case 'refresh_reused':
      return { title: 'Theft', tone: 'bad', text: `A used refresh token${generation} came again${ago}. Thief or owner, nobody can tell: the session is revoked.` };
    case 'refresh_refused':
      return { title: 'Refresh refused', tone: 'note', text: `The reason, which the answer did not tell: ${event.reason || 'unknown'}.` };
    case 'session_ended':
      return {
        title: 'Session ended',
        tone: 'note',
        text: ENDED[event.reason] || 'Logged out.',
      };
    case 'logged_out_everywhere':
      return { title: 'Logged out everywhere', tone: 'note', text: `Sessions that ended: ${event.sessions}.` };
    case 'application_token_issued':
      return { title: 'Application token', tone: 'note', text: 'A token that never expires was issued.' };
    case 'application_token_removed':
      return { title: 'Application token', tone: 'note', text: 'A token that never expires was taken off the list.' };
    case 'single_use_opened':
      return { title: 'Session opened', tone: 'good', text: 'By a credential that is good once, such as an ID token.' };
    case 'single_use_repeated':
      return { title: 'Repeat forgiven', tone: 'note', text: 'A credential that is good once came again, and opened the same session.' };
    case 'single_use_refused':
      return { title: 'Used credential', tone: 'bad', text: 'A credential that is good once came again too late, and was refused.' };
    case 'missed':
      return { title: 'Events missed', tone: 'note', text: `There were more than could be sent: ${event.count} are missing.` };
    default:
      return { title: event.event, tone: 'note', text: '' };
  }
}

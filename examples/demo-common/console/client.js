// A client as an application has one: calls, and when a call is refused one
// refresh for all of them, one retry each.

import { APIS, claimsOf, cookieApi, describe, open, read } from './wire.js';
import * as state from './state.js';

const LOCK = 'portcullis-refresh';

/** What the demo says about itself; filled in once. */
export const settings = {};

/** Whether the session has refresh tokens. */
export function refreshes(session) {
  return session.mode === 'cookie' || APIS[session.api].refreshes;
}

/** Logs in. `{answer, session}`; the session is null if it was refused. */
export async function login({ api, mode, name, secret }, step) {
  const isCookie = mode === 'cookie';
  const request = isCookie ? cookies().login(name, secret) : APIS[api].login(name, secret);
  const answer = await exchange(request, { cookies: isCookie, step, kind: 'login' });
  if (!answer.ok) {
    return { answer, session: null };
  }
  const session = adopt({ api, mode, name, round: 0, opened: Date.now() }, answer.body);
  state.save(session);
  return { answer, session };
}

/** A login beside the one that is kept, by headers: as another device. */
export async function loginElsewhere({ api, name, secret }, step) {
  const answer = await exchange(APIS[api].login(name, secret), { step, kind: 'login' });
  return { answer, tokens: answer.ok ? APIS[api].tokens(answer.body) : null };
}

/** One call with the session's credentials, refreshed and retried once on 401. */
export async function call(request, step) {
  const { answer } = await fetchWithRefresh(request, step);
  return answer;
}

/**
 * As `call`, for answers that are read bit by bit: a Response; or `{answer}`,
 * where what is to be told has been read already.
 */
export async function fetchWithRefresh(request, step = () => {}, { signal, mayRefresh = true } = {}) {
  const before = state.load();
  const first = await attempt(before, request, { signal });
  const mayRetry = before && mayRefresh && first.status === 401 && refreshes(before);
  if (!mayRetry) {
    return tellUnlessStream(first, before, request, step, 'call');
  }
  await tell(first, before, request, step, 'call');
  const refreshed = await refresh({ since: before.round, step });
  if (!refreshed.ok) {
    return { answer: refreshed };
  }
  const after = state.load();
  const second = await attempt(after, request, { signal });
  return tellUnlessStream(second, after, request, step, 'retry');
}

/** One call, whatever comes of it. */
export async function callOnce(request, step, session = state.load()) {
  const response = await attempt(session, request, {});
  return tell(response, session, request, step, 'call');
}

/** One call with a token that is not the session's. */
export async function callAs(token, request, step) {
  const whole = withBearer(request, token);
  return exchange(whole, { step, kind: 'call' });
}

/**
 * Refreshes unless somebody has since `since`, the session's round: of many
 * calls, and of many tabs, one does it. Whoever is refused for good is logged
 * out. The answer, or `{ok: true}` if another was first.
 */
export function refresh({ since, step }) {
  return locked(async () => {
    const session = state.load();
    if (!session) {
      return { ok: false, status: 'failed', reason: 'signed out' };
    }
    if (session.round !== since) {
      return { ok: true, byAnother: true };
    }
    const answer = await sendRefresh(session, { step });
    take(answer, session);
    return answer;
  });
}

/** Sends a refresh and changes nothing here: for experiments, and `refresh`. */
export async function sendRefresh(session, { step, kind = 'refresh', token, signal } = {}) {
  const { request, isCookie } = refreshRequest(session, token || session.refresh);
  return exchange(request, { cookies: isCookie, step, kind, signal, presented: token || session.refresh });
}

/** What came of a refresh goes to the session that is kept. */
export function take(answer, session) {
  if (answer.ok) {
    const current = state.load() || session;
    state.save(adopt({ ...current, round: current.round + 1 }, answer.body));
  } else if (isFinal(answer)) {
    end('refused');
  }
}

/** Whether a refused refresh will be refused for ever. */
export function isFinal(answer) {
  return answer.status === 400 || answer.status === 401;
}

/** Forgets the session, and keeps why. */
export function end(reason) {
  sessionStorage.setItem('portcullis-ended', reason);
  state.save(null);
}

/** From now on calls go without the access token, until it is refreshed. */
export function drop() {
  state.update({ dropped: true });
}

/** Takes the access token again that was dropped. */
export function pickUp() {
  state.update({ dropped: false });
}

/** Logs out, here or everywhere. */
export async function logout(everywhere, step) {
  const session = state.load();
  const isCookie = session.mode === 'cookie';
  let request;
  if (isCookie) {
    request = withCsrf(everywhere ? cookies().logoutAll() : cookies().logout(), session);
  } else {
    request = { method: 'POST', path: everywhere ? '/logout/all' : '/logout' };
    request = withBearer(request, session.access);
  }
  const kind = everywhere ? 'logout-all' : 'logout';
  const answer = await exchange(request, { cookies: isCookie, step, kind });
  if (answer.ok) {
    end('logout');
  }
  return answer;
}

// Of calls at once in this tab one refreshes; of tabs, too, where the browser
// has the Web Locks API: in a secure context, which loopback is.
let queue = Promise.resolve();
function locked(work) {
  if (navigator.locks) {
    return navigator.locks.request(LOCK, work);
  }
  const turn = queue.then(work);
  queue = turn.catch(() => {});
  return turn;
}

function cookies() {
  return cookieApi(settings.cookies.path);
}

function refreshRequest(session, token) {
  const isCookie = session.mode === 'cookie';
  const request = isCookie
    ? withCsrf(cookies().refresh(), session)
    : APIS[session.api].refresh(token);
  return { request, isCookie };
}

function attempt(session, request, { signal }) {
  const { request: whole, sendsCookies } = dress(session, request);
  return open(whole, { signal, credentials: sendsCookies ? 'same-origin' : 'omit' });
}

/** A request with what the session has for it. */
function dress(session, request) {
  if (!session || session.dropped) {
    return { request, sendsCookies: false };
  }
  if (session.mode === 'header') {
    return { request: withBearer(request, session.access), sendsCookies: false };
  }
  const isSafe = !request.method || request.method === 'GET';
  return { request: isSafe ? request : withCsrf(request, session), sendsCookies: true };
}

function withBearer(request, token) {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}

function withCsrf(request, session) {
  return { ...request, headers: { ...request.headers, 'x-csrf-token': session.csrf } };
}

async function exchange(request, { cookies: isCookie = false, step, kind, signal, presented }) {
  const response = await open(request, { signal, credentials: isCookie ? 'same-origin' : 'omit' });
  const answer = await read(response);
  report(step, { kind, request, sent: describe(request, isCookie), answer, presented });
  return answer;
}

async function tell(response, session, request, step, kind) {
  const answer = await read(response);
  const { request: whole, sendsCookies } = dress(session, request);
  report(step, { kind, request, sent: describe(whole, sendsCookies), answer, session });
  return answer;
}

async function tellUnlessStream(response, session, request, step, kind) {
  if (request.stream && response.ok) {
    return response;
  }
  return { answer: await tell(response, session, request, step, kind) };
}

function report(step, event) {
  if (step) {
    step(event);
  }
}

/** The session with the tokens of an answer. */
function adopt(session, body) {
  const now = Date.now();
  if (session.mode === 'cookie') {
    const lifetime = body.expires_in * 1000;
    return { ...session, csrf: body.csrf_token, expiresAt: now + lifetime, lifetime, dropped: false };
  }
  const tokens = APIS[session.api].tokens(body);
  const claims = claimsOf(tokens.access) || {};
  const lifetime = (claims.exp - claims.iat) * 1000;
  return {
    ...session,
    access: tokens.access,
    // One API keeps its refresh token and sends none.
    refresh: tokens.refresh || session.refresh || null,
    // Reckoned from now: this clock and the server's may differ.
    expiresAt: now + lifetime,
    lifetime,
    dropped: false,
  };
}

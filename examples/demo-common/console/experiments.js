// The buttons under "Try to break it". Each tells the timeline what it does, and
// ends with a verdict: `good` if what was promised happened, `note` if the
// promise does not apply here, `bad` otherwise.

import * as client from './client.js';
import * as state from './state.js';
import { span } from './explain.js';
import { APIS, claimsOf, short } from './wire.js';

const CALLS = 8;

/** Beyond the window of grace, for clocks and scheduling. */
const MARGIN = 300;

/** Eight calls with a dropped access token: one refresh, eight answers. */
export async function eight({ group }) {
  const session = state.load();
  client.drop();
  group.note('The page forgets its access token, as if it had just expired.');
  const first = group.calls('All at once', 'GET /me', CALLS);
  let second = null;
  let refreshes = 0;
  const one = (index) =>
    client.call({ path: '/me' }, (event) => {
      if (event.kind === 'call') {
        first.set(index, event);
      } else if (event.kind === 'retry') {
        second = second || group.calls('Once more, each of them', 'GET /me', CALLS);
        second.set(index, event);
      } else {
        refreshes += 1;
        group.step(event);
      }
    });
  const answers = await Promise.all(Array.from({ length: CALLS }, (_, index) => one(index)));
  const isGood = answers.every((answer) => answer.status === 200);
  if (isGood) {
    const how = refreshes === 1 ? 'one refresh' : 'the refresh of another tab';
    return group.verdict('good', `All ${CALLS} calls succeeded after ${how}.`);
  }
  if (!client.refreshes(session)) {
    client.pickUp();
    return group.verdict('note', 'This API has no refresh tokens: a program that is refused authenticates again.');
  }
  return group.verdict('bad', 'Not all of the calls succeeded.');
}

/** Two refreshes at once, as of two tabs that know nothing of each other. */
export async function tabs({ group }) {
  const session = state.load();
  if (!client.refreshes(session)) {
    return noRefresh(group);
  }
  group.note('Two refreshes at once with the same credentials, and no lock.');
  const step = (event) => group.step(event);
  const answers = await Promise.all([
    client.sendRefresh(session, { step }),
    client.sendRefresh(session, { step }),
  ]);
  return judgeTwins(group, session, answers, 'both tabs');
}

/** A refresh whose answer is lost, and the same once more. */
export async function lostAnswer({ group }) {
  const session = state.load();
  if (!client.refreshes(session)) {
    return noRefresh(group);
  }
  const step = (event) => group.step(event);
  if (session.mode === 'cookie') {
    return lostAnswerOfCookies(group, session, step);
  }
  group.note('The first answer is thrown away; it is looked at only to compare it with the second.');
  const lost = await client.sendRefresh(session, { step });
  const again = await client.sendRefresh(session, { step });
  return judgeTwins(group, session, [lost, again], 'the lost answer and the second one');
}

async function lostAnswerOfCookies(group, session, step) {
  const hangUp = new AbortController();
  const lost = client.sendRefresh(session, { step, signal: hangUp.signal });
  // Long enough for the request to leave, most of the time.
  setTimeout(() => hangUp.abort(), 5);
  await lost;
  group.note('Whether the cookies of that answer were taken is the browser’s business. The page tries again.');
  const again = await client.sendRefresh(session, { step });
  return judgeTwins(group, session, [again], 'the second answer');
}

/** Two answers to the same refresh token, and whether the session goes on. */
async function judgeTwins(group, session, answers, which) {
  const last = answers[answers.length - 1];
  client.take(last, session);
  if (!answers.every((answer) => answer.ok)) {
    return group.verdict('bad', 'A refresh was refused.');
  }
  const after = await client.callOnce({ path: '/me' }, (event) => group.step(event));
  if (!after.ok) {
    return group.verdict('bad', 'The session did not go on.');
  }
  const successors = new Set(answers.map((answer) => answer.body.refresh_token));
  const [successor] = successors;
  if (successors.size > 1) {
    return group.verdict('bad', 'The successors differ.');
  }
  if (!successor) {
    const kept = session.mode === 'cookie' ? 'the session goes on, with the cookies of either' : 'the refresh token stays as it is';
    return group.verdict('good', `Nobody is logged out: ${kept}.`);
  }
  return group.verdict('good', `Nobody is logged out: ${which} have the same refresh token, ${short(successor)}.`);
}

/** A used refresh token, presented again when nobody forgives it any more. */
export async function replay({ group, wait }) {
  const session = state.load();
  const step = (event) => group.step(event);
  if (!client.refreshes(session)) {
    return noRefresh(group);
  }
  if (session.mode === 'cookie') {
    return nothingToSteal(group);
  }
  const stolen = session.refresh;
  group.note(`A thief copies the refresh token ${short(stolen)}. The owner goes on and refreshes.`);
  if (!APIS[session.api].rotates) {
    return replayKept(group, stolen, step);
  }
  if (!(await exchangeFor(group, stolen, step, wait))) {
    return undefined;
  }
  const grace = client.settings.grace_ms;
  if (grace > 0) {
    group.wait(`Within ${span(Math.ceil(grace / 1000))} the token would be forgiven: it could be a tab, or a lost answer. The thief comes later.`);
    if (!(await wait(grace + MARGIN, 'until the used token is forgiven no longer'))) {
      return group.verdict('note', 'Called off.');
    }
  }
  const owner = state.load();
  const theft = await client.sendRefresh(owner, { step, kind: 'replay', token: stolen });
  const access = await client.callOnce({ path: '/me' }, step, owner);
  const end = await client.sendRefresh(owner, { step });
  if (client.isFinal(end)) {
    client.end('revoked');
  }
  if (theft.ok || access.ok || end.ok) {
    return group.verdict('bad', 'The session should have been revoked.');
  }
  return group.verdict('good', 'The thief got nothing, and the session is revoked. Thief and owner look alike to the server: whoever has the password logs in again.');
}

/** Refreshes until the token has a successor; one that rests has to wait. */
async function exchangeFor(group, token, step, wait) {
  for (;;) {
    const { round } = state.load();
    const answer = await client.refresh({ since: round, step });
    if (!answer.ok) {
      group.verdict('bad', 'The owner’s refresh was refused.');
      return false;
    }
    if (state.load().refresh !== token) {
      return true;
    }
    group.wait('The token is too young to be exchanged. The owner waits, and refreshes again.');
    if (!(await wait(client.settings.grace_ms + MARGIN, 'until the token may be exchanged'))) {
      group.verdict('note', 'Called off.');
      return false;
    }
  }
}

async function replayKept(group, stolen, step) {
  await client.refresh({ since: state.load().round, step });
  const theft = await client.sendRefresh(state.load(), { step, kind: 'replay', token: stolen });
  if (!theft.ok) {
    return group.verdict('bad', 'The refresh token should have been good still.');
  }
  return group.verdict('note', 'This API keeps its refresh token, so a copy is as good as the original, until it expires or somebody logs out. The password-grant API finds such a thief.');
}

function nothingToSteal(group) {
  const names = document.cookie.split('; ').map((pair) => pair.split('=')[0]).filter((name) => name);
  group.note(`document.cookie, which is all a script can read, has: ${names.join(', ') || 'nothing'}.`);
  return group.verdict('note', 'There is nothing to steal: the tokens are in cookies that no script can read, and the browser sends the newest only.');
}

/** A second session, ended from this one. */
export async function elsewhere({ group, secretOf }) {
  const session = state.load();
  const step = (event) => group.step(event);
  const secret = secretOf(session);
  if (!secret) {
    return group.verdict('note', 'The page keeps no passwords: sign in again, or end a session in the list.');
  }
  group.note('A second session of the same account, as if on another device.');
  const { tokens } = await client.loginElsewhere({ api: session.api, name: session.name, secret }, step);
  if (!tokens) {
    return group.verdict('bad', 'The second login was refused.');
  }
  const before = await client.callAs(tokens.access, { path: '/me' }, step);
  const id = (claimsOf(tokens.access) || {}).sid;
  const ended = await endSession(id, step);
  const after = await client.callAs(tokens.access, { path: '/me' }, step);
  const own = await client.call({ path: '/me' }, step);
  const isGood = before.ok && ended.ok && after.status === 401 && own.ok;
  return isGood
    ? group.verdict('good', 'The other session is over, at once, and this one goes on.')
    : group.verdict('bad', 'The other session should be over, and this one go on.');
}

/** Ends one of the account's sessions. */
export function endSession(id, step) {
  const request = { method: 'POST', path: '/sessions/end', json: { id } };
  return client.call(request, (event) => step(event.kind === 'refresh' ? event : { ...event, kind: 'end' }));
}

function noRefresh(group) {
  return group.verdict('note', 'This API has no refresh tokens: when the access token ends, a program authenticates again.');
}

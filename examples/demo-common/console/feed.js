// The live feed of session events: a stream that is read with `fetch`, since an
// `EventSource` sends no headers.

import { $, h, show } from './dom.js';
import { clock, explainEvent } from './explain.js';
import * as client from './client.js';
import * as state from './state.js';

/** Events that are kept on the page. */
const LIMIT = 60;

/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 15_000;

/**
 * Keeps the feed running for as long as somebody is signed in. `onEvent` is told
 * of each event; `mayRefresh` says whether a refused stream may refresh, and
 * `step` where that is told.
 */
export function start({ onEvent, mayRefresh, step }) {
  let running = null;

  const restart = () => {
    const session = state.load();
    const wanted = session ? identity(session) : null;
    if (running && running.identity === wanted) {
      return;
    }
    if (running) {
      running.abort.abort();
      running = null;
    }
    if (session) {
      clear();
      running = { identity: wanted, abort: new AbortController() };
      follow(running.abort.signal, { onEvent, mayRefresh, step });
    } else {
      setState('off');
    }
  };
  state.onChange(restart);
  restart();
}

/** Another login is another feed; a refresh is not. */
function identity(session) {
  return `${session.api} ${session.mode} ${session.name} ${session.opened}`;
}

async function follow(signal, { onEvent, mayRefresh, step }) {
  let pause = 500;
  while (!signal.aborted) {
    setState('connecting');
    const request = { path: '/demo/events', stream: true };
    const told = (event) => {
      // A server that is down is tried again and again; that is no news.
      if (event.answer.status !== 'failed') {
        step(event);
      }
    };
    const response = await client.fetchWithRefresh(request, told, { signal, mayRefresh: mayRefresh() });
    if (signal.aborted) {
      return;
    }
    if (!response.answer) {
      setState('on');
      pause = 500;
      await readAll(response, signal, onEvent);
    }
    if (!signal.aborted) {
      setState('off');
      await sleep(pause, signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }
}

/** Reads events until the stream ends, for whatever reason. */
async function readAll(response, signal, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      const parts = (rest + value).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        const event = parse(part);
        if (event && !signal.aborted) {
          add(event);
          onEvent(event);
        }
      }
    }
  } catch {
    // Cut off: the next attempt follows.
  }
}

/** The data of one event; null for comments. */
function parse(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('data:'));
  if (lines.length === 0) {
    return null;
  }
  try {
    return JSON.parse(lines.map((line) => line.slice(5).trim()).join('\n'));
  } catch {
    return null;
  }
}

function add(event) {
  const { title, tone, text } = explainEvent(event);
  const session = event.session ? h('code', {}, event.session.slice(0, 8)) : null;
  const item = h(
    'li',
    { class: `event ${tone}`, 'data-event': event.event, 'data-session': event.session },
    h('p', { class: 'line' }, h('b', {}, title), session, h('time', {}, clock(event.at || Date.now()))),
    h('p', { class: 'why' }, text),
  );
  const list = $('feed-list');
  list.prepend(item);
  while (list.children.length > LIMIT) {
    list.lastElementChild.remove();
  }
  show($('feed-empty'), false);
}

/** Forgets what was shown. */
export function clear() {
  $('feed-list').replaceChildren();
  show($('feed-empty'), true);
}

function setState(name) {
  const shown = $('feed-state');
  if (shown.dataset.state !== name) {
    shown.dataset.state = name;
    shown.textContent = { on: 'live', connecting: 'connecting', off: 'off' }[name];
  }
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

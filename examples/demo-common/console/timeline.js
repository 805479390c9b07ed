// The timeline: for each thing that was done, what was sent, what the server
// decided, and why.

import { $, h, show } from './dom.js';
import { clock, why } from './explain.js';

/** Groups that are kept; older ones go. */
const LIMIT = 40;

const WORDS = {
  login: 'Log in',
  call: 'Call',
  retry: 'The call again',
  refresh: 'Refresh',
  replay: 'The thief refreshes',
  logout: 'Log out',
  'logout-all': 'Log out everywhere',
  sessions: 'List sessions',
  end: 'End a session',
};

/** Begins a group: everything that comes of one click. */
export function group(name, title) {
  const steps = h('ol', { class: 'steps' });
  const badge = h('span', { class: 'badge' });
  const item = h(
    'li',
    { class: 'group', 'data-group': name, 'data-outcome': 'running' },
    h('div', { class: 'group-head' }, h('h3', {}, title), badge, h('time', {}, clock(Date.now()))),
    steps,
  );
  const list = $('timeline');
  list.prepend(item);
  while (list.children.length > LIMIT) {
    list.lastElementChild.remove();
  }
  show($('timeline-empty'), false);
  let hasVerdict = false;

  const self = {
    /** A request and its answer. */
    step(event) {
      steps.append(stepItem(event));
    },
    /** Many calls at once, as chips; `set(index, answer)` fills one in. */
    calls(text, line, count) {
      const chips = Array.from({ length: count }, (_, index) =>
        h('span', { class: 'chip', 'data-call': index + 1, 'data-status': '' }, '···'),
      );
      const note = h('p', { class: 'why' });
      const row = h(
        'li',
        { class: 'step', 'data-step': 'calls', 'data-count': count, 'data-status': '' },
        h('p', { class: 'line' }, h('b', {}, text), h('code', {}, line)),
        h('p', { class: 'chips' }, ...chips),
        note,
      );
      steps.append(row);
      return {
        set(index, event) {
          const { status } = event.answer;
          chips[index].dataset.status = status;
          chips[index].textContent = status;
          const told = new Set(chips.map((chip) => chip.dataset.status));
          if (told.size === 1) {
            row.dataset.status = status;
            note.textContent = why(event);
          }
        },
      };
    },
    /** Something that happened here, without a request. */
    note(text) {
      steps.append(h('li', { class: 'step note', 'data-step': 'note' }, h('p', { class: 'why' }, text)));
    },
    /** A time that passes. */
    wait(text) {
      steps.append(h('li', { class: 'step note', 'data-step': 'wait' }, h('p', { class: 'why' }, text)));
    },
    /** How it ended: `good`, `note` or `bad`. */
    verdict(outcome, text) {
      hasVerdict = true;
      finish(outcome);
      const row = { class: `step verdict ${outcome}`, 'data-step': 'verdict', 'data-verdict': outcome };
      steps.append(h('li', row, h('p', {}, text)));
    },
    /** Ends the group where no verdict was given. */
    done(isGood) {
      if (!hasVerdict) {
        finish(isGood ? 'good' : 'bad');
      }
    },
    /** The outcome so far. */
    outcome: () => item.dataset.outcome,
  };

  function finish(outcome) {
    item.dataset.outcome = outcome;
    badge.textContent = { good: 'as promised', note: 'does not apply', bad: 'refused' }[outcome];
    show(badge, hasVerdict || outcome === 'bad');
  }
  return self;
}

/** Forgets all groups. */
export function clear() {
  $('timeline').replaceChildren();
  show($('timeline-empty'), true);
}

function stepItem(event) {
  const { kind, request, sent, answer } = event;
  const method = request.method || 'GET';
  const status = answer.status === 'failed' ? 'no answer' : answer.status;
  const told = [answer.error ? `error: ${answer.error}` : '', answer.challenge ? `challenge: ${answer.challenge}` : ''];
  return h(
    'li',
    { class: 'step', 'data-step': kind, 'data-status': answer.status, 'data-error': answer.error },
    h(
      'p',
      { class: 'line' },
      h('b', {}, WORDS[kind] || kind),
      h('code', {}, `${method} ${request.path}`),
      h('span', { class: 'status' }, status),
    ),
    h('p', { class: 'wire sent' }, sent),
    ...told.filter((text) => text).map((text) => h('p', { class: 'wire told' }, text)),
    h('p', { class: 'why' }, why(event)),
  );
}

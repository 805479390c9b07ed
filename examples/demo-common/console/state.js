// What the tabs of this page share: one session, or none.
//
// A demo keeps its tokens in `localStorage`, where any script of the origin can
// read them. A page that means it uses cookies, of which only the CSRF token is
// here.

const KEY = 'portcullis-console';

const listeners = new Set();

/** The session that was kept, or null. */
export function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

/** Keeps a session, or forgets it. */
export function save(session) {
  if (session) {
    localStorage.setItem(KEY, JSON.stringify(session));
  } else {
    localStorage.removeItem(KEY);
  }
  tell();
}

/** Changes the session that is kept, if there is one. */
export function update(change) {
  const session = load();
  if (session) {
    save({ ...session, ...change });
  }
}

/** Calls `listener` whenever this or another tab changes the session. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell() {
  for (const listener of listeners) {
    listener();
  }
}

addEventListener('storage', (event) => {
  if (event.key === KEY || event.key === null) {
    tell();
  }
});

// What goes over the wire: the requests of the three APIs, and how an answer and
// a token are read. Nothing here remembers anything.

/** The three APIs, and the routes for browsers beside them. */
export const APIS = {
  'password-grant': {
    title: 'password grant',
    refreshes: true,
    rotates: true,
    login: (name, secret) => ({
      method: 'POST',
      path: '/auth/jwt/login',
      form: { grant_type: 'password', username: name, password: secret, scope: 'demo:read' },
    }),
    refresh: (token) => ({
      method: 'POST',
      path: '/auth/jwt/refresh',
      headers: { 'refresh-token': token },
    }),
    tokens: (body) => ({ access: body.access_token, refresh: body.refresh_token }),
  },
  session: {
    title: 'session',
    refreshes: true,
    rotates: false,
    login: (name, secret) => ({
      method: 'POST',
      path: '/api/users/login',
      json: { username: name, password: secret },
    }),
    refresh: (token) => ({
      method: 'POST',
      path: '/api/users/refresh',
      headers: { authorization: `Bearer ${token}` },
    }),
    tokens: (body) => ({ access: body.accessToken, refresh: body.refreshToken }),
  },
  'api-key': {
    title: 'API key',
    refreshes: false,
    rotates: false,
    login: (name, secret) => ({
      method: 'POST',
      path: '/v1/authenticate',
      form: { apiid: name, apikey: secret },
    }),
    tokens: (body) => ({ access: body.result.authentication_token }),
  },
};

/** The routes at which browsers log in with cookies, below `base`. */
export const cookieApi = (base) => ({
  login: (name, secret) => ({
    method: 'POST',
    path: `${base}/login`,
    json: { username: name, password: secret, scope: 'demo:read' },
  }),
  refresh: () => ({ method: 'POST', path: `${base}/refresh` }),
  logout: () => ({ method: 'POST', path: `${base}/logout` }),
  logoutAll: () => ({ method: 'POST', path: `${base}/logout/all` }),
});

/**
 * Sends a request; never throws. `credentials` is `omit` wherever the tokens
 * travel in headers, so that no cookie of an earlier login is in the way.
 */
export async function open(request, { signal, credentials = 'omit' } = {}) {
  const { method = 'GET', path, headers = {}, form, json } = request;
  const init = { method, headers: { ...headers }, signal, credentials, cache: 'no-store' };
  if (form) {
    init.body = new URLSearchParams(form);
  } else if (json) {
    init.body = JSON.stringify(json);
    init.headers['content-type'] = 'application/json';
  }
  try {
    return await fetch(path, init);
  } catch (error) {
    return { failure: error };
  }
}

/** What an answer says: `{status, ok, body, error, challenge, retryAfter}`. */
export async function read(response) {
  if (response.failure) {
    return { status: 'failed', ok: false, body: null, reason: response.failure.name };
  }
  let body = null;
  try {
    const text = await response.text();
    body = text === '' ? null : JSON.parse(text);
  } catch {
    // Not JSON, or cut off: the status has to do.
  }
  return {
    status: response.status,
    ok: response.ok,
    body,
    error: body && typeof body.error === 'string' ? body.error : null,
    challenge: response.headers.get('www-authenticate'),
    retryAfter: Number(response.headers.get('retry-after')) || 0,
  };
}

/** The claims of a token, unverified: for looking at, never for deciding. */
export function claimsOf(token) {
  try {
    const part = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Enough of a token to tell it from others, too little to use it. */
export function short(token) {
  return token ? `${token.slice(0, 4)}…${token.slice(-6)}` : '–';
}

/** What a request carries, for people to read. */
export function describe(request, cookies) {
  const headers = request.headers || {};
  const parts = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'authorization') {
      parts.push(`Authorization: Bearer ${short(value.replace(/^Bearer /, ''))}`);
    } else if (name === 'refresh-token' || name === 'x-csrf-token') {
      parts.push(`${name}: ${short(value)}`);
    }
  }
  if (cookies) {
    parts.push('cookies, which the browser adds');
  }
  if (request.form || (request.json && 'password' in request.json)) {
    parts.push('name and secret in the body');
  }
  return parts.length === 0 ? 'no credentials' : parts.join(' · ');
}

// The application of the tests, on the code of the documentation.

import { CookieSession, HeaderSession } from "/page/session.js";

const account = { username: "alice", password: "wonderland" };

const modes = {
  header: {
    Session: HeaderSession,
    login: (base) => {
      const body = new URLSearchParams({ grant_type: "password", ...account });
      return fetch(`${base}/auth/jwt/login`, { method: "POST", body });
    },
    refresh: "/auth/jwt/refresh",
    logOut: "/logout",
  },
  cookie: {
    Session: CookieSession,
    login: (base) => {
      const headers = { "Content-Type": "application/json" };
      const body = JSON.stringify(account);
      const credentials = "include";
      return fetch(`${base}/auth/cookie/login`, { method: "POST", headers, body, credentials });
    },
    refresh: "/auth/cookie/refresh",
    logOut: "/auth/cookie/logout",
  },
};

const clients = {
  async fetch(session) {
    const { withSession } = await import("/page/fetch-session.js");
    const call = withSession(session);
    return async (url, init) => {
      const answer = await call(url, init);
      return { status: answer.status, body: await answer.text() };
    };
  },
  async axios(session) {
    const { useSession } = await import("/page/axios-session.js");
    const { default: axios } = await import("/page/axios.min.js");
    const instance = axios.create({ responseType: "text", transformResponse: [] });
    useSession(instance, session);
    return async (url, init) => {
      const config = { url, method: init?.method, data: init?.body, headers: init?.headers };
      const answer = await instance.request(config).catch((error) => {
        if (!error.response) throw error;
        return error.response;
      });
      return { status: answer.status, body: answer.data };
    };
  },
};

/** Makes `app` of the page, with its server at `base`. */
export async function open(mode, client, base) {
  const { Session, login, refresh, logOut } = modes[mode];
  const app = { ended: 0 };
  const onEnd = () => (app.ended += 1);
  app.session = new Session({ refreshUrl: base + refresh, onEnd });
  app.call = await clients[client](app.session);
  app.login = async () => {
    const answer = await login(base);
    if (answer.status !== 200) throw new Error(`the login was answered ${answer.status}`);
    const body = await answer.json();
    app.session.start(body);
    return body;
  };
  app.logOut = () => app.session.logOut(base + logOut);
  // Statuses of so many calls at once. Each has a URL of its own: a browser's cache lets
  // requests for one URL wait for each other.
  app.calls = async (count, url = `${base}/me`) => {
    const calls = Array.from({ length: count }, (_, index) => app.call(`${url}?call=${index}`));
    const results = await Promise.allSettled(calls);
    return results.map(({ value, reason }) => value?.status ?? reason.name);
  };
  app.until = async (condition) => {
    while (!(await condition())) await new Promise((done) => setTimeout(done, 5));
  };
  globalThis.app = app;
}

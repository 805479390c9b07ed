// What most people write: every 401 refreshes for itself, with what is there at that moment.

export class Naive {
  answered = 0;
  loggedOut = false;

  constructor(tokens) {
    this.tokens = tokens;
  }

  async fetch(url) {
    const send = () => fetch(url, { headers: { Authorization: `Bearer ${this.tokens.access_token}` } });
    const answer = await send();
    if (answer.status !== 401) return answer;
    const refreshed = await fetch("/auth/jwt/refresh", {
      method: "POST",
      headers: { "refresh-token": this.tokens.refresh_token },
    });
    if (!refreshed.ok) {
      this.loggedOut = true;
      return answer;
    }
    this.tokens = await refreshed.json();
    this.answered += 1;
    return send();
  }
}

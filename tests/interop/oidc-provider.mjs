// oidc-provider comes as a library, without a program. This is the beginning of
// its README with settings as in its documentation, on a free port. Accounts, log-in
// and consent are its own for development.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "machine",
        client_secret: "the-secret-of-a-machine",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      },
    ],
    // Those that clients may register themselves for.
    scopes: ["openid", "offline_access", "demo:read"],
    features: {
      clientCredentials: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: "demo:read",
          accessTokenFormat: "jwt",
        }),
      },
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});

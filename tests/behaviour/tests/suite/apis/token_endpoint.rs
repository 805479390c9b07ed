//! One token endpoint for both grants (RFC 6749 section 3.2), asked as programs
//! ask that know of one.

use std::time::Duration;

use behaviour::client::Request;
use portcullis::endpoint::{Endpoints, PasswordGrantApi};

use super::{HEADER_REFRESH, On, Pair, Stage, assert_error, basic};

const TOKEN: &str = "/oauth/token";

fn stage() -> Stage {
    Stage::with_endpoints(|backend| {
        let api = PasswordGrantApi::new(backend.grant.clone()).token_path(TOKEN);
        Endpoints::builder(backend.people.clone())
            .password_grant_api(api)
            .common_routes()
            .build()
            .unwrap()
    })
}

/// How a program asks for tokens.
struct Client {
    name: &'static str,
    media_type: &'static str,
    /// Its secret by HTTP Basic.
    basic: Option<&'static str>,
    fields: &'static [(&'static str, &'static str)],
    login: &'static str,
    /// Before and after the refresh token.
    refresh: [&'static str; 2],
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "golang.org/x/oauth2, by HTTP Basic",
        media_type: "application/x-www-form-urlencoded",
        basic: Some("web:s%3A%25%C3%A9+%2B"),
        fields: &[
            ("User-Agent", "Go-http-client/1.1"),
            ("Accept-Encoding", "gzip"),
        ],
        login: "grant_type=password&password=wonder+land&scope=demo%3Aread&username=alice",
        refresh: ["grant_type=refresh_token&refresh_token=", ""],
    },
    Client {
        name: "golang.org/x/oauth2, by parameters",
        media_type: "application/x-www-form-urlencoded",
        basic: None,
        fields: &[
            ("User-Agent", "Go-http-client/1.1"),
            ("Accept-Encoding", "gzip"),
        ],
        login: "client_id=web&client_secret=s%3A%25%C3%A9+%2B&grant_type=password\
                &password=wonder+land&username=alice",
        refresh: [
            "client_id=web&client_secret=s%3A%25%C3%A9+%2B&grant_type=refresh_token&refresh_token=",
            "",
        ],
    },
    Client {
        name: "requests-oauthlib",
        media_type: "application/x-www-form-urlencoded;charset=UTF-8",
        basic: None,
        fields: &[
            ("User-Agent", "python-requests/2.32.5"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Accept", "application/json"),
        ],
        login: "grant_type=password&username=alice&password=wonder+land\
                &scope=demo%3Aread+demo%3Awrite&client_id=mobile",
        refresh: [
            "grant_type=refresh_token&scope=demo%3Aread+demo%3Awrite&refresh_token=",
            "&client_id=mobile",
        ],
    },
    Client {
        name: "Spring Security",
        media_type: "application/x-www-form-urlencoded;charset=UTF-8",
        basic: Some("web:s%3A%25%C3%A9+%2B"),
        fields: &[
            ("User-Agent", "Java-http-client/21.0.5"),
            ("Accept", "application/json;charset=UTF-8"),
        ],
        login: "grant_type=password&username=alice&password=wonder+land",
        refresh: ["grant_type=refresh_token&refresh_token=", ""],
    },
    Client {
        name: "Apache HttpClient, without a client",
        media_type: "application/x-www-form-urlencoded; charset=ISO-8859-1",
        basic: None,
        fields: &[("User-Agent", "Apache-HttpClient/4.5.14 (Java/21)")],
        login: "grant_type=password&username=alice&password=wonder+land",
        refresh: ["grant_type=refresh_token&refresh_token=", ""],
    },
];

impl Client {
    fn request(&self, form: &str) -> Request {
        let request = Request::new("POST", TOKEN).body(self.media_type, form);
        let request = match self.basic {
            Some(pair) => request.authorization(basic(pair)),
            None => request,
        };
        let fields = self.fields.iter();
        fields.fold(request, |request, (name, value)| request.field(name, value))
    }
}

#[test]
fn programs_that_know_of_one_token_endpoint() {
    stage().play(async |on: &On<'_>| {
        for client in CLIENTS {
            let answer = on.send(client.request(client.login)).await;
            assert_eq!(answer.status, 200, "{}: {answer:?}", client.name);
            assert_eq!(answer.json()["token_type"], "bearer");
            let mut pair = Pair::of(&answer);
            for _ in 0..2 {
                assert!(on.accepts("/auth/stations", &pair.access).await);
                // Within the window it would rest.
                on.backend.clock.advance(Duration::from_secs(10));
                let [before, after] = client.refresh;
                let form = format!("{before}{}{after}", pair.refresh);
                let answer = on.send(client.request(&form)).await;
                assert_eq!(answer.status, 200, "{}: {answer:?}", client.name);
                let next = Pair::of(&answer);
                assert_ne!(next.refresh, pair.refresh, "{}", client.name);
                pair = next;
            }
        }
    });
}

#[test]
fn the_grant_type_decides() {
    stage().play(async |on: &On<'_>| {
        for (form, error) in [
            ("", "invalid_request"),
            ("username=alice&password=wonder+land", "invalid_request"),
            ("grant_type=&refresh_token=x", "invalid_request"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=password&refresh_token=x", "invalid_request"),
            (
                "grant_type=refresh_token&username=alice&password=wonder+land",
                "invalid_request",
            ),
            (
                "grant_type=password&grant_type=refresh_token&refresh_token=x",
                "invalid_request",
            ),
            (
                "grant_type=password&username=alice&password=wrong",
                "invalid_grant",
            ),
            ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
            (
                "grant_type=client_credentials&scope=demo%3Aread",
                "unsupported_grant_type",
            ),
            (
                "grant_type=authorization_code&code=x",
                "unsupported_grant_type",
            ),
            (
                "grant_type=PASSWORD&username=alice&password=wonder+land",
                "unsupported_grant_type",
            ),
        ] {
            let answer = on.form(TOKEN, form).await;
            assert_error(&answer, 400, error);
            assert!(answer.field("www-authenticate").is_none(), "{form}");
        }
        // The header route is where it was; the paths of the forms are not.
        let login = "grant_type=password&username=alice&password=wonder+land";
        let pair = Pair::of(&on.form(TOKEN, login).await);
        let next = Request::new("POST", HEADER_REFRESH).field("refresh-token", &pair.refresh);
        assert_eq!(on.send(next).await.status, 200);
        assert_eq!(on.form(super::GRANT_LOGIN, login).await.status, 404);
        let answer = on.send(Request::new("GET", TOKEN)).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.field("allow").as_deref(), Some("POST"));
        assert_eq!(on.json(TOKEN, "{}").await.status, 415);
    });
}

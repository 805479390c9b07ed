//! The live feed of session events.

use std::fs::{self, File};

use serde_json::{Value, json};

use super::{
    client::{Pair, log_in, refresh, refresh_request},
    server::Server,
};

pub(crate) fn events_reach_their_owner_alone(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let told = File::create(&log).unwrap();
    let server = Server::start_telling(program, &["--grace", "0"], told);
    let own = log_in(&server);
    let head = server.request("HEAD", "/demo/events").bearer(&own.access);
    assert_eq!(head.send().expect(200).body, "");
    let mut alice = Feed::open(&server, &own.access);
    let robot = robot(&server);
    let mut robots = Feed::open(&server, &robot);

    let other = log_in(&server);
    let session = session_of(&server, &other);
    let next = refresh(&server, &other.refresh);
    // Somebody else's, in between.
    let another = self::robot(&server);
    refresh_request(&server, &other.refresh).send().expect(400);
    refresh_request(&server, &next.refresh).send().expect(400);
    let last = log_in(&server);
    let last_session = session_of(&server, &last);
    let end = json!({ "id": last_session });
    let end = server.post("/sessions/end").bearer(&own.access).json(end);
    end.send().expect(204);
    let logout = server.post("/logout").bearer(&own.access);
    logout.send().expect(204);

    let own_session = alice.session.clone();
    for (event, session) in [
        ("session_opened", &session),
        ("refresh_rotated", &session),
        ("refresh_reused", &session),
        ("refresh_refused", &session),
        ("session_opened", &last_session),
        ("session_ended", &last_session),
        ("session_ended", &own_session),
    ] {
        let told = alice.next().unwrap();
        assert_eq!((&told["event"], &told["session"]), (&json!(event), session));
        assert!(told["at"].as_i64().unwrap() > 0, "{told}");
    }
    // Its own session is over, and with it the feed.
    assert_eq!(alice.next(), None);

    let told = robots.next().unwrap();
    assert_eq!(told["event"], "session_opened");
    let claims = server.get("/me").bearer(&another).send().expect(200);
    assert_eq!(told["session"], claims.json()["sid"]);

    // An open feed holds up no server that is told to stop, and ends with it.
    assert_eq!(server.terminate().code(), Some(0));
    assert_eq!(robots.next(), None);
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains("still being served"), "{log}");
}

/// An access token of somebody else.
fn robot(server: &Server) -> String {
    let login = server.post("/api/users/login");
    let login = login.json(json!({ "username": "robot", "password": "beep-boop" }));
    login.send().expect(200).text("/accessToken")
}

fn session_of(server: &Server, pair: &Pair) -> Value {
    let claims = server.get("/me").bearer(&pair.access).send().expect(200);
    claims.json()["sid"].clone()
}

/// The events of whoever has an access token.
struct Feed {
    session: Value,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Feed {
    /// Returns when the feed has begun.
    fn open(server: &Server, access: &str) -> Self {
        let claims = server.get("/me").bearer(access).send().expect(200);
        let mut lines = server.get("/demo/events").bearer(access).stream();
        let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(head[0].contains(" 200 "), "{head:?}");
        let media_type = "content-type: text/event-stream".to_owned();
        assert!(head.contains(&media_type), "{head:?}");
        assert!(head.contains(&"cache-control: no-store".to_owned()));
        assert!(lines.any(|line| line.starts_with(": ")), "no greeting");
        Self {
            session: claims.json()["sid"].clone(),
            lines: Box::new(lines),
        }
    }

    /// The next event; `None` when the server has ended the feed. The login before
    /// it may just have been on its way.
    fn next(&mut self) -> Option<Value> {
        loop {
            let data = self.lines.find(|line| line.starts_with("data: "))?;
            let told: Value = serde_json::from_str(&data["data: ".len()..]).unwrap();
            if told["event"] != "session_opened" || told["session"] != self.session {
                return Some(told);
            }
        }
    }
}

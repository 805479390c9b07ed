//! `portcullis issuer serve`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::program::Place;

/// A running issuer, ended when it is dropped.
struct Serving {
    child: Child,
    told: Value,
}

impl Serving {
    fn start(place: &Place, more: &[&str]) -> Self {
        let args = [&["issuer", "serve", "--json"], more].concat();
        let mut command = place.command(&args);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut text = String::new();
        for line in lines {
            text += &line.unwrap();
            if text.ends_with('}') {
                break;
            }
        }
        let told = serde_json::from_str(&text).unwrap();
        Self { child, told }
    }

    fn url(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and JSON of an answer.
fn send(url: &str, form: Option<&str>) -> (u16, Value) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let (method, body) = form.map_or(("GET", ""), |form| ("POST", form));
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn it_tells_where_it_is_and_gives_tokens() {
    let place = Place::new();
    place.good(&["key", "new", "EdDSA", "--out", "key.jwk", "--kid", "mine"]);
    let serving = Serving::start(
        &place,
        &[
            "--path",
            "/realms/main",
            "--audience",
            "api",
            "--key",
            "key.jwk",
            "--expires-in",
            "5m",
        ],
    );
    let (status, metadata) = send(serving.url("metadata"), None);
    assert_eq!(status, 200);
    assert_eq!(metadata["issuer"], serving.told["issuer"]);
    assert_eq!(metadata["token_endpoint"], serving.told["token"]);
    assert_eq!(metadata["jwks_uri"], serving.told["keys"]);
    let (_, keys) = send(serving.url("keys"), None);
    assert_eq!(keys["keys"][0]["kid"], "mine");
    let secret = serving.url("client_secret").replace(' ', "+");
    let form = format!(
        "grant_type=password&username=alice&scope=read+write&client_id={}&client_secret={secret}",
        serving.url("client_id")
    );
    let (status, answer) = send(serving.url("token"), Some(&form));
    assert_eq!((status, &answer["expires_in"]), (200, &300.into()));
    let ran = place.run_with(
        &["token", "inspect", "--json"],
        answer["access_token"].as_str().unwrap(),
    );
    let token: Value = serde_json::from_str(&ran.good()).unwrap();
    assert_eq!(token["claims"]["iss"], serving.told["issuer"]);
    assert_eq!(
        (&token["claims"]["aud"], &token["claims"]["sub"]),
        (&"api".into(), &"alice".into())
    );
    assert_eq!(token["header"]["kid"], "mine");
}

#[cfg(unix)]
#[test]
fn signals_end_it_well() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let mut serving = Serving::start(&place, &[]);
        let id = serving.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &id])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(serving.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn others_reach_it_only_if_that_is_said() {
    let place = Place::new();
    place.fails(
        &["issuer", "serve", "--listen", "0.0.0.0:0"],
        2,
        "--allow-remote",
    );
    place.fails(
        &["issuer", "serve", "--listen", "[::]:0"],
        2,
        "--allow-remote",
    );
    let serving = Serving::start(
        &place,
        &[
            "--listen",
            "0.0.0.0:0",
            "--allow-remote",
            "--origin",
            "http://issuer:9000",
        ],
    );
    assert_eq!(serving.url("issuer"), "http://issuer:9000");
    let serving = Serving::start(&place, &[]);
    let address: SocketAddr = serving.url("issuer")["http://".len()..].parse().unwrap();
    assert!(address.ip().is_loopback());
}

#[test]
fn what_cannot_be_served_is_told() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    place.fails(
        &["issuer", "serve", "--listen", &address],
        2,
        "choose another port",
    );
    place.fails(
        &["issuer", "serve", "--algorithm", "HS256"],
        2,
        "pairs of keys",
    );
    place.fails(
        &["issuer", "serve", "--path", "realms"],
        2,
        "begins with a slash",
    );
    place.fails(
        &["issuer", "serve", "--listen", "localhost"],
        2,
        "localhost",
    );
    place.good(&[
        "key",
        "new",
        "ES256",
        "--out",
        "key.jwk",
        "--public",
        "keys.json",
    ]);
    place.fails(
        &["issuer", "serve", "--key", "keys.json"],
        1,
        "no private key",
    );
}

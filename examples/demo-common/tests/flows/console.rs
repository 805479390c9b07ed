//! The page at `/`, and what it asks for.

use std::{fs, path::Path};

use serde_json::json;

use super::server::Server;

/// Beside the demo whose test this is.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo-common/console");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

pub(crate) fn the_console_is_the_same_everywhere(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let line = &server.hints[0];
    let address = format!("http://{}/ ", server.address);
    assert!(line.contains(&address), "{line}");

    let mut files = 0;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        match name {
            "index.html" => serves(&server, "/", &file),
            _ => serves(&server, &format!("/console/{name}"), &file),
        }
        files += 1;
    }
    assert!(files > 3, "{files}");
    settings(program, &server);
}

fn serves(server: &Server, path: &str, file: &Path) {
    let answer = server.get(path).send().expect(200);
    assert!(answer.body == fs::read_to_string(file).unwrap(), "{path}");
    let media_type = match file.extension().unwrap().to_str().unwrap() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        other => panic!("{other}"),
    };
    let length = answer.body.len().to_string();
    let tag = answer.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.len() > 30, "{tag}");
    let expected = [
        ("content-type", media_type),
        ("content-length", &length),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-cache"),
        ("etag", tag),
    ];
    let head = server.request("HEAD", path).send().expect(200);
    assert_eq!(head.body, "");
    for (name, value) in expected {
        assert_eq!(answer.header(name), Some(value), "{path}");
        assert_eq!(head.header(name), Some(value), "{path}");
    }
    let known = server.get(path).header("If-None-Match", tag).send();
    let known = known.expect(304);
    assert_eq!(known.body, "");
    assert_eq!(known.header("etag"), Some(tag));
    let other = server.get(path).header("If-None-Match", "\"other\"").send();
    other.expect(200);
}

fn settings(program: &str, server: &Server) {
    let settings = server.get("/demo/settings").send().expect(200).json();
    assert_eq!(settings["grace_ms"], 10_000);
    assert_eq!(
        settings["cookies"],
        json!({ "path": "/auth/cookie", "secure": false })
    );
    assert_eq!(settings["accounts"][0]["name"], "alice");
    assert_eq!(settings["accounts"][2]["kind"], "api_key");
    let framework = settings["framework"].as_str().unwrap();
    assert!(program.ends_with(&format!("demo-{framework}")), "{program}");

    let users = ["--user", "bob:hunter2", "--cookies=off", "--grace", "1s"];
    let server = Server::start(program, "memory:", &users);
    let settings = server.get("/demo/settings").send().expect(200);
    assert!(!settings.body.contains("hunter2"), "{settings:?}");
    assert_eq!(settings.json()["cookies"], json!(null));
    assert_eq!(settings.json()["grace_ms"], 1000);
}

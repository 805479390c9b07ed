//! Starting, stopping, and what is printed.

use std::{
    fs::{self, File},
    net::TcpListener,
    process::{Command, Stdio},
};

use super::server::{Server, failure, sqlite_in};

pub(crate) fn tokens_survive_a_restart(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite_in(folder.path());
    let login = "grant_type=password&username=alice&password=wonderland";

    let server = Server::start(program, &store, &[]);
    let pair = server
        .post("/auth/jwt/login")
        .form(login)
        .send()
        .expect(200);
    let (access, refresh) = (pair.text("/access_token"), pair.text("/refresh_token"));
    let gone = server
        .post("/auth/jwt/login")
        .form(login)
        .send()
        .expect(200);
    let gone = gone.text("/access_token");
    server.post("/logout").bearer(&gone).send().expect(204);
    assert_eq!(server.terminate().code(), Some(0));

    let server = Server::start(program, &store, &[]);
    server.get("/me").bearer(&access).send().expect(200);
    server.get("/me").bearer(&gone).send().expect(401);
    let next = server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh)
        .send();
    let next = next.expect(200).text("/access_token");
    server.get("/me").bearer(&next).send().expect(200);
    assert_eq!(server.terminate().code(), Some(0));
}

pub(crate) fn the_printed_lines_work(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let lines: Vec<_> = server
        .hints
        .iter()
        .filter(|line| line.contains("curl "))
        .collect();
    assert!(lines.len() >= 10, "{lines:?}");
    let base = format!("http://{}", server.address);
    assert!(lines.iter().all(|line| line.contains(&base)), "{lines:?}");
    let has_curl = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !has_curl.is_ok_and(|status| status.success()) {
        return;
    }
    for line in lines {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && !answer.is_empty(), "{line}");
        assert!(!answer.contains("\"error\""), "{line}\n{answer}");
    }
}

pub(crate) fn nothing_secret_is_logged(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let store = sqlite_in(folder.path());
    let server = Server::start_logging(program, &store, File::create(&log).unwrap());

    let login = "grant_type=password&username=alice&client_id=demo-app&client_secret=demo-secret";
    let login = |password: &str| {
        let form = format!("{login}&password={password}");
        server.post("/auth/jwt/login").form(&form).send()
    };
    login("a-wrong-password").expect(400);
    let pair = login("wonderland").expect(200);
    let (access, refresh) = (pair.text("/access_token"), pair.text("/refresh_token"));
    server.get("/me").bearer(&access).send().expect(200);
    server.get("/me").bearer(&refresh).send().expect(401);
    // demo-app:demo-secret
    let basic = "ZGVtby1hcHA6ZGVtby1zZWNyZXQ=";
    let next = server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh)
        .header("Authorization", &format!("Basic {basic}"))
        .send()
        .expect(200);
    let next = next.text("/refresh_token");
    let form = "apiid=demo-id&apikey=demo-key";
    server
        .post("/v1/authenticate")
        .form(form)
        .send()
        .expect(200);
    assert_eq!(server.terminate().code(), Some(0));

    let log = fs::read_to_string(log).unwrap();
    assert!(!log.is_empty());
    let signatures = [&access, &refresh, &next].map(|token| token.rsplit('.').next().unwrap());
    let secrets = [
        "a-wrong-password",
        "wonderland",
        "demo-secret",
        "demo-key",
        basic,
    ];
    for secret in secrets.into_iter().chain(signatures) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

pub(crate) fn mistakes_end_with_one_clear_line(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = failure(program, "floppy:", &[]);
    assert_eq!(code, Some(2), "{text}");
    let (code, text) = failure(program, "memory:", &["--user", "hunter2"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("--user") && !text.contains("hunter2"),
        "{text}"
    );

    let (code, text) = failure(program, "postgers://bob:hunter2@db/x", &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("--store") && !text.contains("hunter2"),
        "{text}"
    );

    let nowhere = sqlite_in(&folder.path().join("nowhere"));
    let text_file = folder.path().join("text");
    fs::write(
        &text_file,
        "This is no database, but it is long enough.".repeat(100),
    )
    .unwrap();
    let no_database = format!("sqlite:{}", text_file.display());
    // Nobody listens at a port that was just given back.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|nobody| nobody.local_addr());
    let closed = closed.unwrap().to_string();
    let postgres = format!("postgres://bob:hunter2@{closed}/x");
    let redis = format!("redis://:hunter2@{closed}/");
    let rubbish = folder.path().join("rubbish.pem");
    fs::write(&rubbish, "rubbish").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // What is said, and why.
    for (store, further, reasons) in [
        (
            nowhere.as_str(),
            &[][..],
            &["nowhere", "No such file or directory"][..],
        ),
        (&no_database, &[], &["text", "not a database"]),
        (&postgres, &[], &[&*closed, "refused"]),
        (&redis, &[], &[&*closed, "refused"]),
        (
            "memory:",
            &["--signing-key", rubbish.to_str().unwrap()],
            &["rubbish.pem"],
        ),
        (
            "memory:",
            &["--signing-key", "/nowhere/key.pem"],
            &["/nowhere/key.pem", "No such file or directory"],
        ),
        ("memory:", &["--listen", &address], &[&*address, "in use"]),
    ] {
        let (code, text) = failure(program, store, further);
        assert_eq!(code, Some(1), "{text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        for reason in reasons {
            assert!(text.contains(reason), "{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}

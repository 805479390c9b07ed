//! Both programs, as processes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use portcullis_testing::{issuer::FakeIssuer, mint::AUDIENCE};

const TOML: &str = env!("CARGO_BIN_EXE_config-toml");
const ENV: &str = env!("CARGO_BIN_EXE_config-env");

/// A program that serves; killed when it is dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    /// The status of the answer to a request with this token.
    fn status(&self, token: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "GET /hello HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn lets_in_whom_it_trusts(&self, issuer: &FakeIssuer) {
        assert_eq!(self.status(&issuer.token("alice").build()), 200);
        let other = issuer.token("alice").audience("other").build();
        assert_eq!(self.status(&other), 401);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program says that cannot start.
fn complaint(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn with_file(folder: &Path, text: &str) -> Command {
    let path = folder.join("service.toml");
    fs::write(&path, text).unwrap();
    let mut command = Command::new(TOML);
    command.arg(path);
    command
}

/// `folder` is where a file of settings would be looked for.
fn with_variables(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(ENV);
    command.current_dir(folder);
    for (name, value) in variables {
        command.env(format!("SERVICE_{name}"), value);
    }
    command
}

#[test]
fn a_file_says_whom_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (
        FakeIssuer::start(),
        FakeIssuer::builder().path("/two").start(),
    );
    let trusted = |issuer: &FakeIssuer| {
        let name = issuer.name();
        format!(
            "[[verifier]]\nissuer = {name:?}\naudience = {AUDIENCE:?}\ndiscover = true\n\
             allow_loopback_http = true\nleeway = \"10s\"\n"
        )
    };
    let text = format!(
        "listen = \"127.0.0.1:0\"\n{}{}",
        trusted(&one),
        trusted(&two)
    );
    let service = Service::start(with_file(folder.path(), &text));
    service.lets_in_whom_it_trusts(&one);
    service.lets_in_whom_it_trusts(&two);
}

#[test]
fn variables_say_whom_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = FakeIssuer::start();
    let name = issuer.name();
    // What is in a file is gone over by variables.
    let file = format!("[verifier]\naudience = \"other\"\nissuer = {name:?}\nleeway = \"10s\"\n");
    fs::write(folder.path().join("service.toml"), file).unwrap();
    let service = Service::start(with_variables(
        folder.path(),
        &[
            ("LISTEN", "127.0.0.1:0"),
            ("VERIFIER__AUDIENCE", AUDIENCE),
            ("VERIFIER__DISCOVER", "true"),
            ("VERIFIER__ALLOW_LOOPBACK_HTTP", "true"),
            ("VERIFIER__MAX_TOKEN_SIZE", "4096"),
            ("VERIFIER__CACHE__MAX_BYTES", "1000000"),
        ],
    ));
    service.lets_in_whom_it_trusts(&issuer);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| complaint(with_file(folder.path(), text));
    let hunter = "hunter2-hunter2-hunter2-hunter2!";
    for (text, expected) in [
        (
            "[verifier]\nleeway = 30\n",
            "verifier.leeway: invalid type: integer `30`",
        ),
        (
            "[verifier]\naudiance = \"x\"\n",
            "verifier.audiance: unknown field `audiance`",
        ),
        (
            "[[verifier]]\n[[verifier]]\ndangerous = { any_issuer = \"yes\" }\n",
            "verifier[1].dangerous.any_issuer: invalid type",
        ),
        (
            "[verifier]\nsecret = 1234567890\n",
            "verifier.secret: a secret is a text",
        ),
        ("[verifier\n", "unclosed table"),
    ] {
        let told = file(text);
        assert!(told.contains(expected), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(!told.contains("1234567890"), "{told}");
    }
    // All that is wrong with what could be read, together.
    let told = file(&format!(
        "[[verifier]]\nsecret = {hunter:?}\n[[verifier]]\nissuer = \"\"\n"
    ));
    for place in [
        "[0].issuer",
        "[0].audience",
        "[0].secret",
        "[1].issuer",
        "[1].audience",
        "[1]: ",
    ] {
        assert!(told.contains(&format!("verifier{place}")), "{told}");
    }
    assert_eq!(told.lines().count(), 6, "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn what_is_wrong_with_variables_is_told_with_its_place() {
    let elsewhere = tempfile::tempdir().unwrap();
    let told = |variables: &[(&str, &str)]| complaint(with_variables(elsewhere.path(), variables));
    for (name, value, expected) in [
        ("VERIFIER__LEEWAY", "30", "verifier.leeway"),
        ("VERIFIER__DISCOVER", "perhaps", "verifier.discover"),
        ("VERIFIER__AUDIANCE", "x", "audiance"),
        ("VERIFIER__ALGORITHMS", "none", "verifier.algorithms"),
    ] {
        let told = told(&[(name, value)]);
        assert!(told.contains(expected), "{told}");
    }
    let told = told(&[("VERIFIER__ISSUER", "https://a.example")]);
    assert!(told.contains("verifier.audience: "), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn the_file_beside_the_example_is_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/service.toml");
    let settings = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(configuration::app(&settings).is_ok());
}

//! A file that says who is trusted, read again while the demo runs.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use portcullis_testing::issuer::FakeIssuer;

use super::{
    client,
    server::{Server, failure},
};

/// Longer than it takes to read a file and to fetch keys, even on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// What follows in the log when a file could not be used.
const KEPT: &str = "goes on to trust what it did before";

/// A demo and the file that it reads.
struct Site {
    server: Server,
    folder: tempfile::TempDir,
}

impl Site {
    fn start(program: &str, trusted: &[&FakeIssuer]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = file_in(folder.path());
        write(&file, &tables(trusted));
        let log = File::create(log_in(folder.path())).unwrap();
        let config = ["--config", file.to_str().unwrap()];
        let server = Server::start_telling(program, &config, log);
        Self { server, folder }
    }

    /// Writes the file, and has it read.
    fn now(&self, text: &str) {
        write(&file_in(self.folder.path()), text);
        self.server.hang_up();
    }

    /// As [`now`](Self::now) with something that cannot be used; what is logged then.
    fn in_vain(&self, text: &str) -> String {
        let told = self.told().len();
        self.now(text);
        let has_been_told = || {
            self.told()
                .get(told..)
                .is_some_and(|new| new.contains(KEPT))
        };
        wait_until(|| has_been_told().then_some(()));
        self.told().split_off(told)
    }

    fn told(&self) -> String {
        fs::read_to_string(log_in(self.folder.path())).unwrap()
    }

    fn status(&self, issuer: &FakeIssuer) -> u16 {
        let token = issuer.token("alice").build();
        self.server.get("/me").bearer(&token).send().status
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("trust.toml")
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// In one step: it is never read half written.
fn write(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

fn tables(issuers: &[&FakeIssuer]) -> String {
    let table = |issuer: &&FakeIssuer| {
        format!(
            "[[verifier]]\nissuer = {:?}\naudience = \"https://api.test\"\ndiscover = true\n\
             allow_loopback_http = true\n",
            issuer.name()
        )
    };
    issuers.iter().map(table).collect()
}

fn wait_until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < BOUND, "nothing happens");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn a_file_of_trusted_issuers_is_read_again(program: &str) {
    let one = FakeIssuer::start();
    let two = FakeIssuer::builder().path("/two").start();
    let down = FakeIssuer::builder().path("/down").start();
    down.go_offline();
    let site = Site::start(program, &[&one]);
    let pair = client::log_in(&site.server);
    assert_eq!((site.status(&one), site.status(&two)), (200, 401));

    site.now(&tables(&[&two]));
    wait_until(|| (site.status(&two) == 200).then_some(()));
    assert_eq!(site.status(&one), 401, "whoever left is out at once");

    for (text, told) in [
        (
            "[verifier]\nleeway = 30\n".to_owned(),
            "verifier.leeway: invalid type",
        ),
        (
            "[verifier]\nsecret = 1234567890\n".to_owned(),
            "verifier.secret: a secret is a text",
        ),
        (
            "[verifier]\n".to_owned(),
            "verifier.issuer: there is no issuer",
        ),
        (
            "verifier = [{}]\n".to_owned(),
            "verifier[0].audience: there is no audience",
        ),
        // Of one that is down there are no keys.
        (tables(&[&two, &down]), "/down"),
        // Whose tokens these would be nobody could tell.
        (
            tables(&[&two])
                .replace(&two.name(), "https://demo.portcullis.example")
                .replace("https://api.test", "ApiId")
                .replace(
                    "discover = true",
                    &format!("jwks_uri = {:?}", two.keys_url()),
                ),
            "https://demo.portcullis.example",
        ),
    ] {
        let log = site.in_vain(&text);
        let lines: Vec<_> = log.lines().filter(|line| line.contains(KEPT)).collect();
        assert!(lines.len() == 1 && lines[0].contains(told), "{log}");
        assert!(!log.contains("1234567890"), "{log}");
        assert_eq!((site.status(&one), site.status(&two)), (401, 200));
    }
    fs::remove_file(file_in(site.folder.path())).unwrap();
    let told = site.told().len();
    site.server.hang_up();
    wait_until(|| site.told().get(told..)?.contains(KEPT).then_some(()));

    site.now(&tables(&[&one, &two]));
    wait_until(|| (site.status(&one) == 200).then_some(()));
    assert_eq!(site.status(&two), 200);
    // Whom the demo knows itself nobody has touched.
    assert!(client::accepts(&site.server, &pair.access));
    assert_eq!(site.server.terminate().code(), Some(0));
    does_not_start_with_a_broken_file(program);
}

fn does_not_start_with_a_broken_file(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = file_in(folder.path());
    let path = file.to_str().unwrap();
    for (text, expected) in [
        ("[verifier]\nleeway = 30\n", "verifier.leeway: invalid type"),
        ("[[verifier]]\n", "verifier[0].issuer: there is no issuer"),
        ("verifier = 7\n", "verifier: invalid type"),
        ("other = 7\n", "unknown field `other`"),
    ] {
        write(&file, text);
        let (code, told) = failure(program, "memory:", &["--config", path]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(expected) && told.contains(path), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

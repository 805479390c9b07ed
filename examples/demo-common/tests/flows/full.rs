//! A disk on which nothing can be written any more.

use std::{
    fs::File,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    client::{accepts, log_in, login_request, refresh_request},
    http::Answer,
    server::{Server, sqlite_in},
};

/// Within which a request must be answered, on a busy machine, too.
const BOUND: Duration = Duration::from_secs(20);

/// The operating system refuses every write to a file, as it would on a full
/// disk; then there is room again.
pub(crate) fn a_full_disk_costs_nobody_a_session(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = File::create(folder.path().join("log")).unwrap();
    let server = Server::start_without_signal(program, &sqlite_in(folder.path()), log);
    let pair = log_in(&server);

    limit_files(&server, "1:");
    for _ in 0..2 {
        let start = Instant::now();
        assert_unavailable(&refresh_request(&server, &pair.refresh).send());
        assert_unavailable(&login_request(&server).send());
        let logout = server.post("/logout").bearer(&pair.access);
        assert_unavailable(&logout.send());
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        // What needs no writing goes on.
        assert!(accepts(&server, &pair.access));
    }

    limit_files(&server, "unlimited:");
    let answer = refresh_request(&server, &pair.refresh).send().expect(200);
    let (access, next) = (answer.text("/access_token"), answer.text("/refresh_token"));
    assert!(accepts(&server, &access));
    // Nothing of what failed was done by half.
    let list = server.get("/sessions").bearer(&access).send().expect(200);
    assert_eq!(list.json()["sessions"].as_array().unwrap().len(), 1);
    refresh_request(&server, &next).send().expect(200);
    assert_eq!(server.terminate().code(), Some(0));
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("www-authenticate").is_none(), "{answer:?}");
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&after), "{answer:?}");
}

/// How large the server's files may become, in bytes.
fn limit_files(server: &Server, limit: &str) {
    let limited = Command::new("prlimit")
        .arg(format!("--pid={}", server.id()))
        .arg(format!("--fsize={limit}"))
        .status()
        .expect("prlimit, of util-linux");
    assert!(limited.success());
}

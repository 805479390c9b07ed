//! What was answered holds, whatever happens to the server or its file.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Pair, accepts, log_in, login_request, refresh, refresh_request},
    server::{Server, sqlite_in},
    stores::TestStore,
};

/// Longer than a restart takes, so that a refresh whose answer was lost can be
/// repeated.
const GRACE: [&str; 2] = ["--grace", "5m"];

/// Without a window, so that no token rests.
const STRICT: [&str; 2] = ["--grace", "0"];

const ROUNDS: usize = 4;
const CLIENTS: usize = 6;

/// How many refreshes are answered before each crash.
const ANSWERS: usize = 30;

const PATIENCE: Duration = Duration::from_secs(60);

/// `kill -9` in the middle of refreshes and log-outs.
pub(crate) fn a_crash_loses_nothing_that_was_answered(program: &str) {
    let store = TestStore::sqlite();
    let mut server = Server::start(program, &store.url, &GRACE);
    let clients: Vec<_> = (0..CLIENTS).map(|_| Mutex::new(log_in(&server))).collect();
    let over = Mutex::new(Vec::new());
    for _ in 0..ROUNDS {
        let answers = AtomicUsize::new(0);
        thread::scope(|scope| {
            for client in &clients {
                scope.spawn(|| refresh_until_the_crash(&server, client, &answers));
            }
            scope.spawn(|| log_out_until_the_crash(&server, &over));
            let start = Instant::now();
            while answers.load(Ordering::Relaxed) < ANSWERS {
                assert!(start.elapsed() < PATIENCE, "refreshes get no answers");
                thread::sleep(Duration::from_millis(1));
            }
            server.kill();
        });
        server = Server::start(program, &store.url, &GRACE);
        for client in &clients {
            let mut last = client.lock().unwrap();
            assert!(accepts(&server, &last.access));
            *last = refresh(&server, &last.refresh);
        }
        for access in &*over.lock().unwrap() {
            assert!(!accepts(&server, access));
        }
    }
    assert!(!over.lock().unwrap().is_empty());
}

/// Keeps the last pair that was answered. A new session each time, whose first
/// refresh token does not rest.
fn refresh_until_the_crash(server: &Server, client: &Mutex<Pair>, answers: &AtomicUsize) {
    let mut last = client.lock().unwrap();
    while let Ok(answer) = refresh_request(server, &last.refresh).try_send() {
        *last = Pair::of(&answer);
        answers.fetch_add(1, Ordering::Relaxed);
        let Ok(answer) = login_request(server).try_send() else {
            return;
        };
        *last = Pair::of(&answer);
    }
}

/// Keeps the access tokens of sessions whose log-out was answered.
fn log_out_until_the_crash(server: &Server, over: &Mutex<Vec<String>>) {
    while let Ok(answer) = login_request(server).try_send() {
        let pair = Pair::of(&answer);
        let logout = server.post("/logout").bearer(&pair.access);
        let Ok(answer) = logout.try_send() else {
            return;
        };
        answer.expect(204);
        over.lock().unwrap().push(pair.access);
    }
}

/// A backup that is put back knows fewer generations than the client.
pub(crate) fn a_store_that_was_rolled_back_keeps_the_honest_holder(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite_in(folder.path());
    let (file, backup) = (folder.path().join("demo.db"), folder.path().join("backup"));

    let server = Server::start(program, &store, &[]);
    let pair = log_in(&server);
    let mut token = refresh(&server, &pair.refresh).refresh;
    assert_eq!(server.terminate().code(), Some(0));
    // Stopped in good order, it is one file.
    assert!(!folder.path().join("demo.db-wal").exists());
    fs::copy(&file, &backup).unwrap();

    let server = Server::start(program, &store, &STRICT);
    for _ in 0..3 {
        token = refresh(&server, &token).refresh;
    }
    assert_eq!(server.terminate().code(), Some(0));
    fs::copy(&backup, &file).unwrap();

    let server = Server::start(program, &store, &[]);
    let next = refresh(&server, &token);
    assert!(accepts(&server, &next.access));
    // The window goes on from there, and so does the search for thieves.
    assert_eq!(refresh(&server, &token).refresh, next.refresh);
    assert_eq!(server.terminate().code(), Some(0));
    let server = Server::start(program, &store, &STRICT);
    let last = refresh(&server, &next.refresh);
    refresh_request(&server, &token).send().expect(400);
    refresh_request(&server, &last.refresh).send().expect(400);
}

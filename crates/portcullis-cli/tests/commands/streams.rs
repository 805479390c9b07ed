//! Standard output and error: colours, pipes that close, JSON.

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::program::{Place, Ran};

#[test]
fn colours_are_for_terminals_and_those_who_want_them() {
    let place = Place::new();
    place.write("token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    let colours = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = place.command(args);
        let ran = Ran::from(command.envs(variables.iter().copied()).output().unwrap());
        (ran.stdout + &ran.stderr).contains('\u{1b}')
    };
    for args in [
        &["token", "inspect", "token"][..],
        &["key", "show", "token"],
    ] {
        assert!(!colours(&[], args));
        assert!(colours(&[("CLICOLOR_FORCE", "1")], args));
        assert!(!colours(&[("NO_COLOR", "1")], args));
    }
    // JSON has none, whatever is wanted.
    assert!(!colours(
        &[("CLICOLOR_FORCE", "1")],
        &["token", "inspect", "token", "--json"]
    ));
    assert!(!colours(
        &[("CLICOLOR_FORCE", "1")],
        &["key", "show", "token", "--json"]
    ));
}

#[cfg(unix)]
#[test]
fn a_pipe_that_closes_is_no_fault() {
    for (args, code) in [
        ("token inspect token", 0),
        ("token inspect token --json", 0),
        ("token inspect opaque", 1),
        ("--help", 0),
        ("key new ES256 --stdout", 0),
    ] {
        let place = Place::new();
        place.write("token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
        place.write("opaque", "token");
        let status = Command::new("mkfifo").arg(place.path("gate")).status();
        assert!(status.unwrap().success());
        // The reader is gone before anything is written.
        let program = env!("CARGO_BIN_EXE_portcullis");
        let script = format!(
            "{{ read _ < gate; {program} {args} 2> said; echo $? > code; }} | \
             {{ exec <&-; echo > gate; }}"
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(place.path(""));
        assert!(command.status().unwrap().success());
        let outcome = (place.read("code"), place.read("said"));
        assert_eq!(outcome, (format!("{code}\n"), String::new()), "{args}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_fault() {
    let place = Place::new();
    place.write("token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = place.command(&["token", "inspect", "token"]);
    let ran = Ran::from(command.stdout(Stdio::from(full)).output().unwrap());
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("standard output cannot be written"),
        "{}",
        ran.stderr
    );
}

#[test]
fn wrong_arguments_are_told_in_the_form_that_is_wanted() {
    let place = Place::new();
    for args in [
        &["nothing"][..],
        &["key", "nothing"],
        &["token", "mint"],
        &["key", "show", "--frob"],
    ] {
        let ran = place.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(
            ran.stderr.starts_with("error: ") && ran.stderr.contains("Usage:"),
            "{}",
            ran.stderr
        );
        let ran = place.run(&[args, &["--json"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        let error: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(error["error"]["kind"], "usage");
    }
    for args in [&["--help"][..], &["--version"], &["key", "new", "--help"]] {
        assert!(!place.run(args).good().is_empty());
    }
    // Without a command its help is shown, and nothing was done.
    assert_eq!(place.run(&[]).code, 2);
}

/// What the program writes to a terminal from which nothing comes.
#[cfg(target_os = "linux")]
fn on_a_terminal(place: &Place, args: &str, variables: &[(&str, &str)]) -> Option<Ran> {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_portcullis"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(place.path("")).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(variables.iter().copied());
    match command.output() {
        Ok(output) => Some(Ran::from(output)),
        Err(_) => {
            eprintln!("skipped: there is no `script` of util-linux on this machine");
            None
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_are_colours_and_nobody_waits_for_what_is_not_typed() {
    let place = Place::new();
    place.write("token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    let Some(ran) = on_a_terminal(&place, "token inspect token", &[]) else {
        return;
    };
    assert!(
        ran.stdout.contains("\u{1b}[1m") && ran.code == 0,
        "{}",
        ran.stdout
    );
    let ran = on_a_terminal(&place, "token inspect token", &[("NO_COLOR", "1")]).unwrap();
    assert!(
        !ran.stdout.contains('\u{1b}') && ran.code == 0,
        "{}",
        ran.stdout
    );
    for (args, what) in [
        ("token inspect", "no token is given"),
        ("key show", "no key is given"),
        ("config check", "no configuration is given"),
    ] {
        let ran = on_a_terminal(&place, args, &[]).unwrap();
        assert!(
            ran.stdout.contains(what) && ran.stdout.contains("pipe it in"),
            "{}",
            ran.stdout
        );
        assert_eq!(ran.code, 2);
    }
}

use super::*;

fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Options, clap::Error> {
    let arguments = std::iter::once("demo").chain(arguments.iter().copied());
    Options::read("demo", arguments.map(OsString::from), |name| {
        let found = variables.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn the_command_is_well_formed() {
    Arguments::command().debug_assert();
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let options = read(&[], &[]).unwrap();
    assert_eq!(options.listen, "127.0.0.1:8080");
    assert_eq!(
        options.store,
        StoreChoice::Sqlite("portcullis-demo.db".into())
    );
    let users: Vec<_> = options
        .users
        .iter()
        .map(|user| (&*user.name, user.application))
        .collect();
    assert_eq!(users, [("alice", false), ("robot", true)]);
    assert_eq!(options.users[1].password.expose(), "beep-boop");
    assert_eq!(options.api_keys[0].organization, "15");
    let clients: Vec<_> = options
        .clients
        .iter()
        .map(|client| (&*client.id, client.secret.is_some()))
        .collect();
    assert_eq!(clients, [("demo-web", false), ("demo-app", true)]);
    assert_eq!(options.lifetimes.grace, Duration::from_secs(10));
    assert!(options.lifetimes.access.is_none());
    assert!(options.default_users && options.default_api_keys);
}

#[test]
fn an_issuer_is_a_url_that_others_can_ask() {
    assert_eq!(read(&[], &[]).unwrap().issuer, None);
    let options = read(&["--issuer", "http://127.0.0.1:8080"], &[]).unwrap();
    assert_eq!(options.issuer.as_deref(), Some("http://127.0.0.1:8080"));
    for bad in ["demo", "http://demo.example", "https://demo.example/?a"] {
        let error = read(&["--issuer", bad], &[]).unwrap_err().to_string();
        assert!(error.contains("the issuer"), "{error}");
    }
}

#[test]
fn issuers_are_trusted_only_if_named() {
    assert!(read(&[], &[]).unwrap().trusted.is_empty());
    assert_eq!(read(&[], &[]).unwrap().resource, None);
    let audiences = |arguments: &[&str], variables: &[(&str, &str)]| {
        let options = read(arguments, variables).unwrap();
        let audiences = options.trusted.into_iter().map(|one| one.audience);
        audiences.collect::<Vec<_>>()
    };
    let two = ["--trust=https://a.example=x", "--trust=https://a.example=y"];
    assert_eq!(audiences(&two, &[]), ["x", "y"]);
    let list = [(
        "PORTCULLIS_TRUST",
        "https://a.example=x,https://b.example=y",
    )];
    assert_eq!(audiences(&[], &list), ["x", "y"]);
    assert_eq!(audiences(&["--trust=https://c.example=z"], &list), ["z"]);
}

#[test]
fn browsers_have_options_of_their_own() {
    let browsers = |arguments: &[&str], variables: &[(&str, &str)]| {
        read(arguments, variables).unwrap().browsers
    };
    let defaults = browsers(&[], &[]);
    assert_eq!(defaults.cookies, CookieChoice::Auto);
    assert!(!defaults.insecure_cookies && defaults.origins.is_empty() && defaults.cors.is_empty());
    for (word, choice) in [
        ("--cookies", CookieChoice::On),
        ("--cookies=on", CookieChoice::On),
        ("--cookies=off", CookieChoice::Off),
        ("--cookies=auto", CookieChoice::Auto),
    ] {
        assert_eq!(browsers(&[word], &[]).cookies, choice);
    }
    let list = [
        ("PORTCULLIS_ORIGIN", "https://a.example,https://b.example"),
        ("PORTCULLIS_CORS", "https://c.example"),
    ];
    let from_list = browsers(&[], &list);
    assert_eq!(from_list.origins[1].as_str(), "https://b.example");
    assert_eq!(from_list.cors[0].as_str(), "https://c.example");
    let given = browsers(&["--cors=https://d.example", "--insecure-cookies"], &list);
    assert_eq!(given.cors[0].as_str(), "https://d.example");
    assert!(given.insecure_cookies);
}

#[test]
fn given_users_replace_the_default_ones() {
    let options = read(&["--user", "bob:a,b", "--user=eve:x:application"], &[]).unwrap();
    assert_eq!(options.users.len(), 2);
    assert_eq!(options.users[0].password.expose(), "a,b");
    assert!(!options.default_users && options.default_api_keys);
}

#[test]
fn the_environment_separates_with_commas() {
    let variables = [
        ("PORTCULLIS_USER", "bob:x,eve:y:application"),
        ("PORTCULLIS_API_KEY", "a:b:1"),
        ("PORTCULLIS_CLIENT", "web"),
    ];
    let options = read(&[], &variables).unwrap();
    assert_eq!(options.users.len(), 2);
    assert_eq!(options.api_keys[0].id, "a");
    assert_eq!(options.clients.len(), 1);
    // The command line goes first.
    let options = read(&["--user", "amy:z"], &variables).unwrap();
    assert_eq!(options.users[0].name, "amy");
    assert_eq!(options.users.len(), 1);
}

#[test]
fn mistakes_are_named_without_their_values() {
    for (arguments, variables) in [
        (&["--user", "hunter2"][..], &[][..]),
        (&["--user", "bob:hunter2", "--user", "bob:hunter3"], &[]),
        (&["--api-key", "hunter2"], &[]),
        (&["--client", ":hunter2"], &[]),
        (&["--store", "postgers://bob:hunter2@db/x"], &[]),
        (&[], &[("PORTCULLIS_USER", "hunter2")]),
        (&[], &[("PORTCULLIS_API_KEY", "x:hunter2")]),
    ] {
        let error = read(arguments, variables).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}

#[test]
fn other_mistakes_end_with_two_as_well() {
    for arguments in [
        &["--listen", "nowhere"][..],
        &["--store", "floppy:"],
        &["--access-ttl", "soon"],
        &["--access-ttl", "0s"],
        &["--grace", "-1s"],
        &["--trust", "https://a.example"],
        &["--trust", "http://a.example=api"],
        &["--trust=https://a.example=x", "--trust=https://a.example=x"],
        &["--resource", "a.example"],
        &["--entra", "9188040d-6c67-4c5b-b112-36a304b66dad"],
        &["--entra", "common:app"],
        &["--entra-base-url", "http://login.example"],
        &["--cookies=maybe"],
        &["--cookies=off", "--insecure-cookies"],
        &["--origin", "app.example"],
        &["--cors", "*"],
        &["--cors", "https://app.example/"],
        &["--cors=https://a.example", "--cors=https://a.example"],
        &["--unknown"],
        &["stray"],
    ] {
        assert_eq!(
            read(arguments, &[]).unwrap_err().exit_code(),
            2,
            "{arguments:?}"
        );
    }
    assert_eq!(read(&["--help"], &[]).unwrap_err().exit_code(), 0);
}

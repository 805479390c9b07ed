//! OpenSSL reads the keys that are made, and makes keys that are read.

use std::process::Command;

use serde_json::Value;

use crate::{keys::PAIRS, program::Place};

/// Runs `openssl`, which must be content; nothing if it is not on this machine.
fn openssl(place: &Place, args: &[&str]) -> Option<String> {
    let mut command = Command::new("openssl");
    let Ok(output) = command.args(args).current_dir(place.path("")).output() else {
        eprintln!("skipped: there is no openssl on this machine");
        return None;
    };
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn openssl_reads_the_keys_that_are_made() {
    for algorithm in PAIRS {
        let place = Place::new();
        place.good(&["key", "new", algorithm, "--out", "key.pem"]);
        let public = place.good(&["key", "convert", "key.pem", "--to", "pem", "--public"]);
        let Some(derived) = openssl(&place, &["pkey", "-in", "key.pem", "-pubout"]) else {
            return;
        };
        assert_eq!(derived, public, "{algorithm}");
        // Its parts fit.
        openssl(&place, &["pkey", "-in", "key.pem", "-noout", "-check"]);
        // It writes the private key as we do.
        let again = openssl(&place, &["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"]);
        assert_eq!(again.unwrap(), place.read("key.pem"), "{algorithm}");
    }
}

#[test]
fn keys_of_openssl_are_read_in_every_form() {
    let place = Place::new();
    for (name, make) in [
        (
            "pkcs1.pem",
            &["genrsa", "-traditional", "-out", "pkcs1.pem", "2048"][..],
        ),
        (
            "sec1.pem",
            &[
                "ecparam",
                "-genkey",
                "-name",
                "prime256v1",
                "-out",
                "sec1.pem",
            ],
        ),
        (
            "pkcs8.pem",
            &["genpkey", "-algorithm", "ed25519", "-out", "pkcs8.pem"],
        ),
        (
            "p521.pem",
            &[
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-521",
                "-out",
                "p521.pem",
            ],
        ),
    ] {
        if openssl(&place, make).is_none() {
            return;
        }
        let public = openssl(&place, &["pkey", "-in", name, "-pubout"]).unwrap();
        let converted = place.good(&["key", "convert", name, "--to", "pem", "--public"]);
        assert_eq!(converted, public, "{name}");
        let pkcs8 = place.good(&["key", "convert", name, "--to", "pem", "--stdout"]);
        let expected = openssl(&place, &["pkcs8", "-topk8", "-nocrypt", "-in", name]).unwrap();
        assert_eq!(pkcs8, expected, "{name}");
        let jwk = place.good(&["key", "convert", name, "--to", "jwk", "--stdout"]);
        let jwk: Value = serde_json::from_str(&jwk).unwrap();
        let thumbprint = place.good(&["key", "thumbprint", name]);
        assert_eq!(jwk["kid"], thumbprint.trim_end());
    }
}

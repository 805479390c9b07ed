//! The instructions of the hot paths, counted by callgrind, do not grow
//! unseen. Unlike times they are the same on a busy machine.

use std::process::Command;

/// How many instructions a path may take over another, with about a fifth of
/// slack.
const LIMITS: [(&str, &str, u64); 12] = [
    ("HS256/verification", "HS256/primitive", 9_200),
    ("HS256/axum-layer", "HS256/axum-empty-layer", 33_000),
    ("HS256/refused-missing", "HS256/axum-empty-layer", 1_500),
    ("HS256/refused-garbage", "HS256/axum-empty-layer", 3_000),
    (
        "HS256/refused-long-garbage",
        "HS256/axum-empty-layer",
        25_000,
    ),
    ("HS256/forged", "HS256/primitive", 1_100),
    // Hits, which the algorithm makes no difference to.
    ("HS256/axum-claims-cached", "HS256/axum-empty-layer", 3_700),
    ("HS256/axum-extractor-cached", "HS256/axum", 2_400),
    ("HS256/actix-claims-cached", "HS256/actix", 2_800),
    ("HS256/issue", "HS256/sign", 4_300),
    // A look at the snapshot: at one that is empty, and at one with sessions, tokens and
    // log-outs everywhere.
    ("HS256/session-asked", "HS256/session-unasked", 240),
    ("HS256/session-asked-busy", "HS256/session-unasked", 1_800),
];

/// The same as ratios, in thousandths: the instructions of a signature with a
/// key pair differ from signature to signature.
const RATIOS: [(&str, &str, u64); 5] = [
    ("RS256/verification", "RS256/primitive", 1_045),
    ("PS256/verification", "PS256/primitive", 1_080),
    ("ES256/verification", "ES256/primitive", 1_050),
    ("Ed25519/verification", "Ed25519/primitive", 1_080),
    ("HS256/pair", "HS256/pair-floor", 1_100),
];

#[test]
fn instructions_stay_within_their_limits() {
    let mut broken = Vec::new();
    for (path, base, limit) in LIMITS {
        let over = instructions(path).saturating_sub(instructions(base));
        println!("{path}: {over} over {base}");
        if over > limit {
            broken.push(format!("{path}: {over} over {base}, not {limit}"));
        }
    }
    for (path, base, limit) in RATIOS {
        let ratio = instructions(path) * 1000 / instructions(base);
        println!("{path}: {ratio} thousandths of {base}");
        if ratio > limit {
            broken.push(format!(
                "{path}: {ratio} thousandths of {base}, not {limit}"
            ));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Instructions of one operation: what a long run takes over a short one.
fn instructions(path: &str) -> u64 {
    const SHORT: u64 = 20;
    const LONG: u64 = 120;
    (collected(path, LONG) - collected(path, SHORT)) / (LONG - SHORT)
}

fn collected(path: &str, iterations: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // Not what is set up: tokens are signed there, with random numbers.
        .args(["--collect-atstart=no", "--toggle-collect=*Case::run"])
        .arg(env!("CARGO_BIN_EXE_instructions"))
        .args([path, &iterations.to_string()])
        .output()
        .expect("valgrind is installed");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let line = report.lines().find(|line| line.contains("Collected :"));
    line.and_then(|line| line.split_whitespace().last()?.parse().ok())
        .unwrap_or_else(|| panic!("no count in {report}"))
}

//! The allocations of the hot paths do not grow unseen.

use std::alloc::System;

use performance::hot_paths;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations of a path over those of another.
const LIMITS: [(&str, &str, usize); 21] = [
    ("verification", "primitive", 1),
    // The claims' own two texts.
    ("claims", "verification", 2),
    ("forged", "primitive", 0),
    // A hit hands out what is there; the claims' own two texts are copied.
    ("cached", "primitive", 0),
    ("cached-claims", "primitive", 2),
    ("cached-forged", "primitive", 0),
    // The token, and a map with one entry in the request's extensions.
    ("axum-layer", "axum-empty-layer", 4),
    // The claims' own two, and the token.
    ("axum-extractor", "axum", 3),
    ("actix-claims", "actix", 4),
    // As without a cache, but for the token.
    ("axum-claims-cached", "axum-empty-layer", 5),
    ("axum-extractor-cached", "axum", 2),
    ("actix-claims-cached", "actix", 3),
    // A map with one entry in the answer's extensions: the reason. What the
    // handler would have allocated is saved.
    ("refused-missing", "axum-empty-layer", 2),
    ("refused-garbage", "axum-empty-layer", 2),
    ("refused-long-garbage", "axum-empty-layer", 2),
    ("refused-forged", "axum-empty-layer", 2),
    // The claims, the token and its id; a signature that is no HMAC.
    ("issue", "sign", 4),
    // For both the claims and the token; the id of the access token.
    ("pair", "sign", 5),
    // The pair's; what is read (the claims, the subject's name, the session's
    // id); the store's future; and the benchmark's own copy of the token.
    ("refresh", "sign", 10),
    ("session-asked", "session-unasked", 0),
    ("session-asked-busy", "session-unasked", 0),
];

const TIMES: usize = 64;

// One test: the counter is everybody's.
#[test]
fn allocations_stay_within_their_limits() {
    let mut broken = Vec::new();
    for algorithm in ["HS256", "RS256", "ES256", "Ed25519"] {
        for (path, base, limit) in LIMITS {
            let [path_count, base_count] =
                [path, base].map(|path| allocations(&format!("{algorithm}/{path}")));
            let over = path_count.saturating_sub(base_count);
            println!("{algorithm}/{path}: {path_count}, {over} over {base}");
            if over > limit {
                broken.push(format!(
                    "{algorithm}/{path}: {over} over {base}, not {limit}"
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn allocations(name: &str) -> usize {
    let mut case = hot_paths::case(name).expect("the path exists");
    (0..TIMES).for_each(|_| case.run());
    let region = Region::new(ALLOCATOR);
    (0..TIMES).for_each(|_| case.run());
    let change = region.change();
    (change.allocations + change.reallocations).div_ceil(TIMES)
}

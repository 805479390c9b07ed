//! A module that verifies tokens where there is no operating system: whoever
//! calls it says what time it is.

use std::{
    ptr,
    sync::{LazyLock, Mutex, PoisonError},
};

use portcullis::{
    ConfigError,
    jose::{Algorithm, KeySet, VerifyingKey},
    time::{Clock, SharedClock, Timestamp},
    verify::{Verifier, VerifyErrorKind},
};

/// Of the fixtures of `portcullis-testing`.
const KEYS: [(Algorithm, &str); 4] = [
    (
        Algorithm::Ed25519,
        include_str!("../../../crates/portcullis-testing/keys/ed25519.public.pem"),
    ),
    (
        Algorithm::ES256,
        include_str!("../../../crates/portcullis-testing/keys/p256.public.pem"),
    ),
    (
        Algorithm::RS256,
        include_str!("../../../crates/portcullis-testing/keys/rsa.public.pem"),
    ),
    (
        Algorithm::PS256,
        include_str!("../../../crates/portcullis-testing/keys/rsa.public.pem"),
    ),
];

static TOKEN: Mutex<[u8; 8192]> = Mutex::new([0; 8192]);

static NOW: Mutex<Timestamp> = Mutex::new(Timestamp::from_secs(0));

static VERIFIER: LazyLock<Option<Verifier>> = LazyLock::new(|| verifier(Some(Told)).ok());

/// The time that the caller told last.
struct Told;

impl Clock for Told {
    fn now(&self) -> Timestamp {
        *NOW.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn verifier(clock: Option<Told>) -> Result<Verifier, ConfigError> {
    let keys = KEYS.map(|(algorithm, pem)| VerifyingKey::from_pem(algorithm, pem.as_bytes()));
    let builder = Verifier::builder()
        .keys(KeySet::new(keys.into_iter().flatten()))
        .issuer("https://issuer.example")
        .audience("https://api.example");
    match clock {
        Some(clock) => builder.clock(SharedClock::new(clock)),
        None => builder,
    }
    .build()
}

/// Where the caller writes the token.
#[allow(unsafe_code, reason = "its name is for the caller")]
#[unsafe(no_mangle)]
pub extern "C" fn token() -> *mut u8 {
    let mut token = TOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    ptr::from_mut(&mut *token).cast()
}

/// Verifies the token of so many bytes at a time in milliseconds since 1970: 0 if it
/// is good, 1 if it has expired, 2 if it is bad in any other way, 3 if there is no
/// verifier.
#[allow(unsafe_code, reason = "its name is for the caller")]
#[unsafe(no_mangle)]
pub extern "C" fn verify(length: usize, now: f64) -> i32 {
    *NOW.lock().unwrap_or_else(PoisonError::into_inner) = Timestamp::from_millis(now as i64);
    let token = *TOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(verifier) = &*VERIFIER else {
        return 3;
    };
    match verifier.verify_now(token.get(..length).unwrap_or_default()) {
        Ok(_) => 0,
        Err(error) if error.kind() == VerifyErrorKind::Expired => 1,
        Err(_) => 2,
    }
}

/// Whether a verifier that nobody told the time is refused rather than built: 1 if so.
#[allow(unsafe_code, reason = "its name is for the caller")]
#[unsafe(no_mangle)]
pub extern "C" fn is_clock_asked_for() -> i32 {
    let error = verifier(None).err().map(|error| error.to_string());
    i32::from(error.is_some_and(|error| error.contains("clock")))
}

//! What is remembered, and how much of it.

/// How a verifier remembers tokens; for
/// [`VerifierBuilder::cache`](super::super::VerifierBuilder::cache).
///
/// A token that comes again is found by its whole text, and its signature is
/// not checked again; nor are its claims read again, or built into the
/// handler's type. What may have changed since is checked every time: the
/// time, revocation, and the application's own checks. Tokens go when others
/// need their place, and those that have expired within a minute of new ones
/// coming.
///
/// Of tokens with a bad signature the last few are remembered too, for ten
/// seconds and up to 2 KiB each, so that whoever floods a service with the same
/// one does not keep it busy.
///
/// ```
/// # use portcullis::{jose::{Algorithm, SigningKey}, verify::Verifier};
/// use portcullis::verify::TokenCache;
///
/// # let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
/// let verifier = Verifier::builder()
///     .keys(key)
///     .issuer("https://issuer.example")
///     .audience("https://api.example")
///     .cache(TokenCache::new().max_bytes(64 << 20))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until a verifier is built with it"]
pub struct TokenCache {
    pub(in super::super) max_bytes: usize,
    pub(in super::super) shared_secrets: bool,
}

impl TokenCache {
    /// Remembers some ten thousand tokens of the usual size, of keys with a
    /// public half.
    pub fn new() -> Self {
        Self {
            max_bytes: 16 << 20,
            shared_secrets: false,
        }
    }

    /// About how much may be remembered, in bytes; 16 MiB unless set. Counted are
    /// the tokens and what was read from them; the types that handlers ask for
    /// are taken to be as large as the claims.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Remembers tokens of shared secrets (HS256 and the like) too. They are
    /// left out unless this is called, because checking them takes hardly
    /// longer than finding them.
    pub fn with_shared_secrets(mut self) -> Self {
        self.shared_secrets = true;
        self
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new()
    }
}

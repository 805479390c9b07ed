//! The claims of a token, decoded.

use super::{VerifyError, VerifyErrorKind::Malformed, profile::of_jws};
use crate::jose::{CompactJws, Uninit, decode_front, decode_segment, uninit};

/// Room for the claims: on the stack, unless there are unusually many.
pub(super) struct Payload {
    near: Uninit<NEAR>,
    far: Vec<u8>,
}

const NEAR: usize = 2048;

impl Payload {
    pub(super) fn new() -> Self {
        Self {
            near: uninit(),
            far: Vec::new(),
        }
    }

    pub(super) fn decode(&mut self, token: &CompactJws<'_>) -> Result<&str, VerifyError> {
        let segment = token.payload_segment();
        // Four characters for three bytes.
        let json = if segment.len() / 4 * 3 + 2 <= NEAR {
            decode_front(segment, &mut self.near).map_err(of_jws)?
        } else {
            decode_segment(segment, &mut self.far).map_err(of_jws)?;
            &self.far
        };
        str::from_utf8(json)
            .map_err(|_| VerifyError::with_detail(Malformed, "the claims are not UTF-8"))
    }
}

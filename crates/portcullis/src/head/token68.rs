//! The characters of a token in a header field.

/// Whether `bytes` is a `b64token` (RFC 6750 section 2.1), which is the
/// `token68` of RFC 9110 section 11.2.
pub(crate) fn is_b64token(bytes: &[u8]) -> bool {
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = &bytes[..bytes.len() - padding];
    // Without an early exit, so that the compiler vectorises it.
    let good = body.iter().fold(true, |good, byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // `-`, `.` and `/` stand right before the digits.
        let digit = byte.wrapping_sub(b'-') <= b'9' - b'-';
        good & (letter | digit | (*byte == b'_') | (*byte == b'~') | (*byte == b'+'))
    });
    good && !body.is_empty()
}

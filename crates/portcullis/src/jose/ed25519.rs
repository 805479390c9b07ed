//! Which 32 bytes are an Ed25519 public key (RFC 8032 section 5.1.3).

use curve25519_dalek::edwards::CompressedEdwardsY;

/// What is wrong with an encoded point, if anything.
///
/// Libraries take other bytes for a key, too. With one of small order a signature
/// fits many messages; a second spelling of a key would have a second
/// thumbprint.
pub(super) fn fault(encoded: &[u8; 32]) -> Option<&'static str> {
    let Some(point) = CompressedEdwardsY(*encoded).decompress() else {
        return Some("the Ed25519 public key is not a point of its curve");
    };
    if point.compress().to_bytes() != *encoded {
        return Some("the Ed25519 public key is not in canonical form");
    }
    point
        .is_small_order()
        .then_some("the Ed25519 public key is of small order: any message would verify")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap();
        }
        bytes
    }

    /// The canonical and non-canonical encodings of the points of small order.
    #[test]
    fn small_order_and_second_spellings_are_refused() {
        for text in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert!(fault(&hex(text)).is_some(), "{text}");
        }
    }

    /// RFC 8032 section 7.1, and the largest canonical `y` but one.
    #[test]
    fn other_points_pass() {
        for text in [
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ] {
            assert!(fault(&hex(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_not_on_the_curve_is_refused() {
        // y = -2 and y = 2: no x fits.
        for text in [
            "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0200000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert!(fault(&hex(text)).is_some(), "{text}");
        }
    }
}

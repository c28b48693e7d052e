//! The computation of `Sec-WebSocket-Accept` in the handshake (RFC 6455, section 4.2.2).

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

pub(crate) fn accept_key(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    STANDARD.encode(digest)
}

pub(crate) fn is_valid_key(key: &str) -> bool {
    // Some clients draw random base64 digits instead of bytes, so the last digit may have bits that nobody decodes.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    key.len() == 24 && LENIENT.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_that_of_the_rfc() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        for key in ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR==", "////////////////////+w=="] {
            assert!(is_valid_key(key), "{key}");
        }
        for (key, fault) in [
            ("", "empty"),
            ("dGhlIHNhbXBsZSBub25jZQ", "no padding"),
            ("dGhlIHNhbXBsZSBub25j", "15 bytes"),
            ("dGhlIHNhbXBsZSBub25jZUE=", "17 bytes"),
            ("dGhlIHNhbXBsZSBub25jZUFB", "18 bytes"),
            ("dGhlIHNhbXBsZSBub25jZ-==", "another alphabet"),
            (" dGhlIHNhbXBsZSBub25jZQ=", "a space"),
            ("dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==", "two keys"),
            ("dGhlIHNhbXBsZSBub25jZ€", "24 bytes that are not all ASCII"),
        ] {
            assert!(!is_valid_key(key), "{fault}");
        }
    }
}

//! The kind of a binary message, its first byte, in its type: `(binary 1) pixel`. No text message has a type that begins so.

pub(crate) const BINARY: &str = "(binary ";

pub(crate) const fn kind_of(wire_type: &str) -> Option<u8> {
    const BEGIN: &[u8] = BINARY.as_bytes();
    let bytes = wire_type.as_bytes();
    if bytes.is_empty() || bytes[0] != b'(' {
        return None;
    }
    let (mut at, mut kind) = (0, 0_usize);
    while at < bytes.len() && bytes[at] != b')' {
        match () {
            () if at < BEGIN.len() && bytes[at] != BEGIN[at] => return None,
            () if at < BEGIN.len() => {}
            () if !bytes[at].is_ascii_digit() || kind > u8::MAX as usize => return None,
            () => kind = kind * 10 + (bytes[at] - b'0') as usize,
        }
        at += 1;
    }
    if at <= BEGIN.len() || at == bytes.len() || kind > u8::MAX as usize { None } else { Some(kind as u8) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_binary_message_s_type_has_a_kind() {
        for kind in 0..=u8::MAX {
            assert_eq!(kind_of(&format!("(binary {kind}) pixel")), Some(kind));
        }
        for other in
            ["", "move", "(", "(binary", "(binary )", "(binary ) x", "(binary 256) x", "(binary 1", "(binary x) y"]
        {
            assert_eq!(kind_of(other), None, "{other}");
        }
        assert_eq!(kind_of("(binary 18446744073709551617) x"), None);
    }
}

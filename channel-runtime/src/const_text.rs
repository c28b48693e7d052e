//! Text put together in a constant: what compile-time checks say.

/// Whether two strings are equal, in a constant.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Text put together in a constant, for the errors of compile-time checks.
#[doc(hidden)]
pub struct ConstText {
    bytes: [u8; 512],
    len: usize,
}

impl ConstText {
    /// All the parts in a row; what is beyond 512 bytes is cut at a character.
    pub const fn concat(parts: &[&str]) -> Self {
        let mut text = Self { bytes: [0; 512], len: 0 };
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut at = 0;
            while at < bytes.len() {
                if text.len == text.bytes.len() {
                    return text.cut();
                }
                text.bytes[text.len] = bytes[at];
                text.len += 1;
                at += 1;
            }
            part += 1;
        }
        text
    }

    /// Takes away a character that was only partly written.
    const fn cut(mut self) -> Self {
        while self.len > 0 && self.bytes[self.len - 1] & 0b1100_0000 == 0b1000_0000 {
            self.len -= 1;
        }
        if self.len > 0 && self.bytes[self.len - 1] >= 0b1100_0000 {
            self.len -= 1;
        }
        self
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_long_for_a_constant_is_cut_at_a_character() {
        let long = "é".repeat(300);
        let text = ConstText::concat(&["x", &long]);
        assert_eq!(text.as_str().len(), 511);
        assert!(text.as_str().ends_with('é'));
        assert_eq!(ConstText::concat(&["a", "", "bc"]).as_str(), "abc");
    }
}

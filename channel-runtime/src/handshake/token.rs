//! A secret that says who somebody is.

use std::fmt;

use subtle::ConstantTimeEq;

/// A secret from a client: it shows itself to nobody who does not [ask](Self::expose) for it.
///
/// It has no `Display`, and its `Debug` is `Token(..)`, so that it does not get into a log by accident.
///
/// ```
/// use channel_runtime::Token;
///
/// let token = Token::new("open sesame");
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// assert!(token.matches("open sesame"));
/// ```
#[derive(Clone)]
pub struct Token(Box<str>);

impl Token {
    /// A secret that came from elsewhere than a handshake.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into().into_boxed_str())
    }

    /// As a client has sent it. What is no text is nobody's token, and one all the same: it stands there as U+FFFD.
    pub(crate) fn read(sent: &[u8]) -> Self {
        Self::new(String::from_utf8_lossy(sent))
    }

    /// Whether it is this secret, in a time that tells nothing of where the two differ, though of whether their lengths do.
    /// A secret that is looked up, in a map or a database, is better stored and looked up by its hash.
    pub fn matches(&self, secret: &str) -> bool {
        self.0.as_bytes().ct_eq(secret.as_bytes()).into()
    }

    /// The secret itself: for who verifies it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_matches_itself_alone() {
        let token = Token::new("open sesame");
        for (secret, expected) in
            [("open sesame", true), ("open sesamE", false), ("open", false), ("", false), ("open sesame!", false)]
        {
            assert_eq!(token.matches(secret), expected, "{secret}");
        }
        assert!(Token::new("").matches(""));
    }
}

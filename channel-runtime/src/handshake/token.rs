//! Bearer tokens: secrets from clients, which are never printed.

use std::fmt;

use subtle::ConstantTimeEq;

/// A secret from a client. It is shown only by [`expose`](Self::expose).
///
/// A token has no `Display`, and its `Debug` is `Token(..)`, so that it is not logged by accident.
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
    /// A secret from another source than a handshake.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into().into_boxed_str())
    }

    /// A token as a client sent it. Bytes that are not UTF-8 become U+FFFD, so that the token is present but matches nobody's.
    pub(crate) fn read(sent: &[u8]) -> Self {
        Self::new(String::from_utf8_lossy(sent))
    }

    /// Whether the token equals this secret. The time that it takes does not depend on where the two differ, only on whether their
    /// lengths do. If you look secrets up in a map or a database, store and look up their hashes instead.
    pub fn matches(&self, secret: &str) -> bool {
        self.0.as_bytes().ct_eq(secret.as_bytes()).into()
    }

    /// The secret itself, to verify it.
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

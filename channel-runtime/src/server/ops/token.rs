//! The tokens of an operators' port, and what each may do.

use std::error::Error;
use std::fmt;

use crate::channel::Channel;
use crate::handshake::token::Token;
use crate::server::ops::idempotency::Answers;

/// In bytes.
const LEAST: usize = 32;

/// A secret for the [operators' port](crate::Ops), of at least 32 bytes: `openssl rand -hex 32` makes one.
///
/// ```
/// use channel_runtime::OpsToken;
///
/// # fn main() -> Result<(), channel_runtime::InvalidOpsToken> {
/// let token = OpsToken::new("5c1b2ae4d49e4e5ba6c1d3f7a2b90c18")?;
/// # assert_eq!(format!("{token:?}"), "OpsToken(..)");
/// # assert!(OpsToken::new("hunter2").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpsToken {
    secret: Token,
    /// The patterns of channels. `None` for all.
    channels: Option<Vec<&'static str>>,
}

impl OpsToken {
    /// # Errors
    /// If it has less than 32 bytes, or a character that can't stand in a header: white space, such as the end of a line, or one
    /// that is not ASCII.
    pub fn new(secret: impl Into<String>) -> Result<Self, InvalidOpsToken> {
        let secret = secret.into();
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidOpsToken(Reason::Character));
        }
        match secret.len() {
            LEAST.. => Ok(Self { secret: Token::new(secret), channels: None }),
            bytes => Err(InvalidOpsToken(Reason::Short { bytes })),
        }
    }

    /// The value of an environment variable.
    ///
    /// ```no_run
    /// # use channel_runtime::{InvalidOpsToken, Ops, OpsToken};
    /// # fn ops() -> Result<Ops, InvalidOpsToken> {
    /// let ops = Ops::new().publish(OpsToken::from_env("PUBLISH_TOKEN")?);
    /// # Ok(ops)
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there is no such variable, and as for [`new`](Self::new). The error names the variable.
    pub fn from_env(name: &str) -> Result<Self, InvalidOpsToken> {
        let Ok(secret) = std::env::var(name) else {
            return Err(InvalidOpsToken(Reason::Missing { name: name.into() }));
        };
        Self::new(secret).map_err(|InvalidOpsToken(reason)| {
            InvalidOpsToken(Reason::Variable { name: name.into(), reason: Box::new(reason) })
        })
    }

    /// For this channel alone, and for others if it is called for them, too. By default a token is for all channels.
    ///
    /// ```
    /// # use channel_runtime::{channel, InvalidOpsToken, OpsToken};
    /// # #[channel("/auction/:lot")] pub struct Auction { lot: u64 }
    /// # #[channel] impl Auction {}
    /// # fn token() -> Result<OpsToken, InvalidOpsToken> {
    /// let token = OpsToken::new("5c1b2ae4d49e4e5ba6c1d3f7a2b90c18")?.only::<Auction>();
    /// # Ok(token)
    /// # }
    /// # token().unwrap();
    /// ```
    #[must_use]
    pub fn only<C: Channel>(mut self) -> Self {
        self.channels.get_or_insert_default().push(C::PATH.pattern());
        self
    }
}

impl fmt::Debug for OpsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpsToken(..)")
    }
}

/// Why a text is no [`OpsToken`]. It never shows the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOpsToken(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Short { bytes: usize },
    Character,
    Missing { name: String },
    Variable { name: String, reason: Box<Reason> },
}

impl fmt::Display for InvalidOpsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { bytes } => write!(f, "a token has at least {LEAST} bytes, and this one has {bytes}"),
            Self::Character => f.write_str("a token has ASCII characters that can be seen, and no white space"),
            Self::Missing { name } => write!(f, "there is no environment variable {name} with a token"),
            Self::Variable { name, reason } => write!(f, "the environment variable {name}: {reason}"),
        }
    }
}

impl Error for InvalidOpsToken {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    Publish,
    Disconnect,
    Read,
    Metrics,
}

/// What a token was given for.
pub(super) struct Grant {
    token: OpsToken,
    pub scope: Scope,
    pub answers: Answers,
}

impl Grant {
    pub fn of(token: &OpsToken, scope: Scope) -> Self {
        Self { token: token.clone(), scope, answers: Answers::default() }
    }

    pub fn includes(&self, pattern: &str) -> bool {
        self.token.channels.as_ref().is_none_or(|channels| channels.contains(&pattern))
    }
}

/// The grant of this token: the one of this scope, if there are several. Each is compared, so that the time that it takes says
/// nothing of which is nearly right.
pub(super) fn grant_of(grants: &[Grant], given: &Token, scope: Scope) -> Option<usize> {
    let matching: Vec<bool> = grants.iter().map(|grant| given.matches(grant.token.secret.expose())).collect();
    let of_token = || (0..grants.len()).filter(|&at| matching[at]);
    of_token().find(|&at| grants[at].scope == scope).or_else(|| of_token().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_is_long_and_fits_into_a_header_and_is_not_shown() {
        assert!(OpsToken::new(SECRET).is_ok());
        for (text, why) in [
            (&SECRET[1..], "has 31"),
            ("", "has 0"),
            (&*format!("{SECRET}\n"), "no white space"),
            (&*format!("{SECRET} {SECRET}"), "no white space"),
            (&*"é".repeat(40), "ASCII"),
        ] {
            let error = OpsToken::new(text).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("0123"), "{error}");
        }
        let error = OpsToken::from_env("NO_SUCH_VARIABLE_OF_OURS").unwrap_err();
        assert_eq!(error.to_string(), "there is no environment variable NO_SUCH_VARIABLE_OF_OURS with a token");
        assert!(!format!("{:?} {error:?}", OpsToken::new(SECRET).unwrap()).contains(SECRET));
    }

    #[test]
    fn a_token_with_two_scopes_is_found_by_each() {
        let token = OpsToken::new(SECRET).unwrap();
        let other = OpsToken::new(SECRET.replace('0', "x")).unwrap();
        let grants = [Scope::Publish, Scope::Read].map(|scope| Grant::of(&token, scope));
        let given = Token::new(SECRET);
        for (scope, at) in [(Scope::Publish, 0), (Scope::Read, 1), (Scope::Disconnect, 0)] {
            assert_eq!(grant_of(&grants, &given, scope), Some(at));
        }
        assert!(grant_of(&grants, &other.secret, Scope::Read).is_none());
        assert!(grant_of(&grants, &Token::new(&SECRET[1..]), Scope::Read).is_none());
    }
}

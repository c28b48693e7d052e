//! Identities: the types that can name a user.

use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use crate::connection::user_key::UserKey;

/// A type that can name a user: what the hook `identity` returns.
///
/// Identities of the same type that write the same text are the same user, so `Display` must write different texts for different
/// users.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an identity",
    label = "an identity is `Eq + Hash + Clone + Display + FromStr`",
    note = "derive `Clone, PartialEq, Eq, Hash` and implement `Display` and `FromStr` for `{Self}`, or return a `String`"
)]
pub trait Identity: Eq + Hash + Clone + Display + FromStr + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash + Clone + Display + FromStr + Send + Sync + 'static> Identity for K {}

/// What names a user of an app: an [`Identity`], or `str` for a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an identity",
    label = "an identity is `Eq + Hash + Clone + Display + FromStr`",
    note = "a user is named by what the hook `identity` returns, or by `&str` where that is a `String`"
)]
pub trait UserName: Display {
    /// The identity.
    type User: Identity;
}

#[diagnostic::do_not_recommend]
impl<K: Identity> UserName for K {
    type User = K;
}

impl UserName for str {
    type User = String;
}

/// The identity of a channel without the hook `identity`. It has no values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anonymous {}

impl Display for Anonymous {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl FromStr for Anonymous {
    type Err = std::fmt::Error;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Err(std::fmt::Error)
    }
}

pub(crate) fn key_of<N: UserName + ?Sized>(name: &N) -> UserKey {
    UserKey::named::<N::User>(name)
}

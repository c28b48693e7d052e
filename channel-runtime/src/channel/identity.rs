//! Who a client is: what names a user, and which channels know theirs.

use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use crate::channel::Channel;
use crate::channel::users::UserName;
use crate::room::registry::UserKey;

/// What can name a user: the type that the hook `identity` returns.
///
/// Two identities are the same user when their types are the same and they write the same text, so `Display` must
/// tell different users apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an identity",
    label = "an identity is `Eq + Hash + Clone + Display + FromStr`",
    note = "derive `Clone, PartialEq, Eq, Hash` and implement `Display` and `FromStr` for `{Self}`, or return a `String`"
)]
pub trait Identity: Eq + Hash + Clone + Display + FromStr + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash + Clone + Display + FromStr + Send + Sync + 'static> Identity for K {}

/// A channel that knows its users, by the hook `identity`: what `user(..)` of a socket or a hub needs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` knows no users, for it has no hook `identity`",
    label = "`{Self}` does not say who its clients are",
    note = "write it in `#[channel] impl {Self}`: `fn identity(&self) -> &UserId {{ .. }}`, with a field that says it, such as `#[extract] user: Auth<UserId>`"
)]
pub trait HasUsers: Channel {
    /// What `identity` returns.
    type User: Identity;
    /// What names one: `str` where `identity` returns a `String`, so that `user("bob")` can be written, else the same.
    type Name: UserName<User = Self::User> + ?Sized;
}

/// Who a handler says its client is.
pub(crate) fn user_of<C: Channel>(handler: &C) -> Option<UserKey> {
    handler.identified().map(|identity| UserKey::new(&identity))
}

/// The identity of a channel without the hook `identity`; it has no values.
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

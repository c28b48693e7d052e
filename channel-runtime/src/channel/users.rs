//! Channels that know their users, and what names a user of such a channel.

use crate::channel::Channel;
use crate::channel::identity::{Identity, UserName};

/// A channel that knows its users, by the hook `identity`. `user(..)` of a socket or a hub needs it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` knows no users, for it has no hook `identity`",
    label = "`{Self}` does not say who its clients are",
    note = "write it in `#[channel] impl {Self}`: `fn identity(&self) -> &UserId {{ .. }}`, with a field that says it, such as `#[extract] user: Auth<UserId>`"
)]
pub trait HasUsers: Channel {
    /// What `identity` returns.
    type User: Identity;
    /// What names a user: the same type, or `str` for a `String`, so that `user("bob")` can be written.
    type Name: UserName<User = Self::User> + ?Sized;
}

/// What names a user of channel `C`: a reference to what its hook `identity` returns, or a `&str` if that is a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no user of `{C}`",
    label = "not what the hook `identity` of `{C}` returns",
    note = "users are named by references to what `identity` returns, or by `&str` where that is a `String`"
)]
pub trait UserOf<C: HasUsers> {
    /// The identity, or `str`.
    type Name: UserName + ?Sized;

    /// The name itself.
    fn as_user_name(&self) -> &Self::Name;
}

#[diagnostic::do_not_recommend]
impl<C: HasUsers, N: UserName<User = C::User> + ?Sized> UserOf<C> for &N {
    type Name = N;

    fn as_user_name(&self) -> &N {
        self
    }
}

//! What a user is named by: the identity itself, or a `str` where the identity is a `String`.

use std::fmt::Display;

use crate::channel::identity::{HasUsers, Identity};

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

/// What names a user of channel `C`: a reference to what its hook `identity` returns, or a `&str` where that is a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no user of `{C}`",
    label = "not what the hook `identity` of `{C}` returns",
    note = "users are named by references to what `identity` returns, or by `&str` where that is a `String`"
)]
pub trait UserOf<C: HasUsers> {
    /// The identity, or `str`.
    type Name: UserName + ?Sized;

    /// As it is.
    fn as_user_name(&self) -> &Self::Name;
}

#[diagnostic::do_not_recommend]
impl<C: HasUsers, N: UserName<User = C::User> + ?Sized> UserOf<C> for &N {
    type Name = N;

    fn as_user_name(&self) -> &N {
        self
    }
}

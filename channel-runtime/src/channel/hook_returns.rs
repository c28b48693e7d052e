//! What the hooks of a connection may return: `authorize`, `identity` and `on_close`.

use std::fmt::Display;

use crate::channel::identity::Identity;
use crate::handshake::reject::Reject;
use crate::protocol::escaped::Escaped;

/// What `authorize` returned.
pub fn authorized<R: Authorization>(result: R) -> Result<(), Reject> {
    result.into_result()
}

/// What `authorize` may return.
#[diagnostic::on_unimplemented(
    message = "`authorize` cannot return `{Self}`",
    label = "not what `authorize` returns",
    note = "return `Result<(), Reject>`, or another error that is `Into<Reject>`"
)]
pub trait Authorization {
    /// With the error as a `Reject`.
    fn into_result(self) -> Result<(), Reject>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Reject>> Authorization for Result<(), E> {
    fn into_result(self) -> Result<(), Reject> {
        self.map_err(Into::into)
    }
}

/// The type of a channel's users. The bound stands on the associated type, so that what can't be one is told once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an identity",
    label = "an identity is `Eq + Hash + Clone + Display + FromStr`",
    note = "derive `Clone, PartialEq, Eq, Hash` and implement `Display` and `FromStr` for `{Self}`, or return a `String`"
)]
pub trait Key {
    /// The type itself.
    type Key: Identity;
}

#[diagnostic::do_not_recommend]
impl<K: Identity> Key for K {
    type Key = K;
}

/// What `identity` may return: the key, a reference to it, or an `Option` of either.
pub trait IntoIdentity<K> {
    /// The key, owned.
    fn into_known_user(self) -> Option<K>;
}

impl<K> IntoIdentity<K> for K {
    fn into_known_user(self) -> Option<K> {
        Some(self)
    }
}

impl<K: Clone> IntoIdentity<K> for &K {
    fn into_known_user(self) -> Option<K> {
        Some(self.clone())
    }
}

impl<K> IntoIdentity<K> for Option<K> {
    fn into_known_user(self) -> Option<K> {
        self
    }
}

impl<K: Clone> IntoIdentity<K> for Option<&K> {
    fn into_known_user(self) -> Option<K> {
        self.cloned()
    }
}

/// What `identity` returned, as the key.
pub fn identity<K, T: IntoIdentity<K>>(value: T) -> Option<K> {
    value.into_known_user()
}

/// What `on_close` returned: an error is logged, for its client is gone.
pub fn closed<R: CloseReply>(result: R) {
    result.log_failure();
}

/// What `on_close` may return.
#[diagnostic::on_unimplemented(
    message = "`on_close` cannot return `{Self}`",
    label = "not what `on_close` returns",
    note = "return `()`, or `Result<(), E>` with an `E: Display`"
)]
pub trait CloseReply {
    /// Logs the error, if there is one.
    fn log_failure(self);
}

impl CloseReply for () {
    fn log_failure(self) {}
}

impl<E: Display> CloseReply for Result<(), E> {
    fn log_failure(self) {
        if let Err(error) = self {
            tracing::error!(error = %Escaped(error), "`on_close` failed");
        }
    }
}

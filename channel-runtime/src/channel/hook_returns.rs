//! What hooks may return: a trait for each hook, so that the compiler's error names the hook and says what it may return.

use std::fmt::Display;
use std::time::SystemTime;

use crate::channel::identity::Identity;
use crate::handshake::reject::Reject;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;

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

/// What `identity` may return: the key, a reference to it, or an `Option` of either.
pub trait IntoIdentity<K> {
    /// The key, owned. `None` if the client is nobody in particular.
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

/// The type of a channel's users. Its bound is on the associated type, so that a type which can't be an identity is reported once.
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

/// What `on_room_open` returned.
pub fn room_opened<S, R: OpenReply<S>>(result: R) -> Result<S, Fault> {
    result.into_first_state()
}

/// What `on_room_open` may return.
#[diagnostic::on_unimplemented(
    message = "`on_room_open` cannot return `{Self}`",
    label = "not what `on_room_open` returns",
    note = "return the room's state, `{S}`, or `Result<{S}, E>` with an error that is `Into<Fault>`"
)]
pub trait OpenReply<S> {
    /// The state, or what the clients that wait for the room are sent.
    fn into_first_state(self) -> Result<S, Fault>;
}

impl<S> OpenReply<S> for S {
    fn into_first_state(self) -> Result<S, Fault> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<S, E: Into<Fault>> OpenReply<S> for Result<S, E> {
    fn into_first_state(self) -> Result<S, Fault> {
        self.map_err(Into::into)
    }
}

/// An error is logged, because nobody is in the room.
pub fn room_closed<R: RoomCloseReply>(result: R) {
    result.log_failure();
}

/// What `on_room_close` may return.
#[diagnostic::on_unimplemented(
    message = "`on_room_close` cannot return `{Self}`",
    label = "not what `on_room_close` returns",
    note = "return `()`, or `Result<(), E>` with an `E: Display`"
)]
pub trait RoomCloseReply {
    /// Logs the error, if there is one.
    fn log_failure(self);
}

impl RoomCloseReply for () {
    fn log_failure(self) {}
}

impl<E: Display> RoomCloseReply for Result<(), E> {
    fn log_failure(self) {
        if let Err(error) = self {
            tracing::error!(error = %Escaped(error), "`on_room_close` failed");
        }
    }
}

/// What `expires_at` may return.
#[diagnostic::on_unimplemented(
    message = "`expires_at` cannot return `{Self}`",
    label = "not what `expires_at` returns",
    note = "return a `SystemTime`, or an `Option` of one: when what the client was let in with ends"
)]
pub trait End {
    /// The end. `None` if there is none.
    fn end(self) -> Option<SystemTime>;
}

impl End for SystemTime {
    fn end(self) -> Option<SystemTime> {
        Some(self)
    }
}

impl End for Option<SystemTime> {
    fn end(self) -> Option<SystemTime> {
        self
    }
}

/// What `expires_at` returned.
pub fn expires<R: End>(end: R) -> Option<SystemTime> {
    end.end()
}

/// What `on_refresh` may return.
#[diagnostic::on_unimplemented(
    message = "`on_refresh` cannot return `{Self}`",
    label = "not what `on_refresh` returns",
    note = "return `Result<(), Fault>`, or another error that is `Into<Fault>`, such as a `Reject`"
)]
pub trait Refreshed {
    /// With the error as a `Fault`.
    fn into_result(self) -> Result<(), Fault>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Fault>> Refreshed for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(Into::into)
    }
}

/// What `on_refresh` returned.
pub fn refreshed<R: Refreshed>(result: R) -> Result<(), Fault> {
    result.into_result()
}

/// What `on_reauthorize` may return.
#[diagnostic::on_unimplemented(
    message = "`on_reauthorize` cannot return `{Self}`",
    label = "not what `on_reauthorize` returns",
    note = "return whether it may stay, as a `bool`, or `Result<(), Fault>`, or another error that is `Into<Fault>`"
)]
pub trait Reauthorized {
    /// With `false`, or the error, as a `Fault`.
    fn into_result(self) -> Result<(), Fault>;
}

impl Reauthorized for bool {
    fn into_result(self) -> Result<(), Fault> {
        if self { Ok(()) } else { Err(Fault::forbidden("no longer allowed here")) }
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<Fault>> Reauthorized for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(Into::into)
    }
}

/// What `on_reauthorize` returned.
pub fn reauthorized<R: Reauthorized>(result: R) -> Result<(), Fault> {
    result.into_result()
}

/// An error is logged, because the client is gone.
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

/// What the handler of a batch returned.
pub fn batch_done<R: BatchReply>(result: R) -> Result<(), Fault> {
    result.into_result()
}

/// What the handler of a batch may return.
#[diagnostic::on_unimplemented(
    message = "the handler of a batch cannot return `{Self}`",
    label = "not what the handler of a batch returns",
    note = "return `()`, or `Result<(), E>` with an error that is `Into<Fault>`; each message of the batch has its own `reply(..)`"
)]
pub trait BatchReply {
    /// The error is for all messages that have not been answered.
    fn into_result(self) -> Result<(), Fault>;
}

impl BatchReply for () {
    fn into_result(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<E: Into<Fault>> BatchReply for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(Into::into)
    }
}

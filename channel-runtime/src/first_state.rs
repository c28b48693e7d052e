//! What the state of a path's room begins with: its `Default`, or what `on_room_open` returns.

use std::fmt::Display;

use crate::channel::Channel;
use crate::fault::Fault;
use crate::members::State;

/// Makes the first state `S` of a room.
#[diagnostic::on_unimplemented(
    message = "the room's state, `{S}`, has no `Default`",
    label = "this channel's rooms begin with the `Default` of `{S}`",
    note = "derive or implement `Default` for `{S}`, or make it in `async fn on_room_open(room: &Room<Self>) -> Result<{S}, Fault>`"
)]
pub trait FirstState<S> {
    /// The hook makes it.
    const IS_HOOK: bool;

    /// It, where no hook does.
    fn fresh() -> Option<S>;
}

/// The state's `Default`.
#[derive(Debug)]
pub enum ByDefault {}

/// What `on_room_open` returns.
#[derive(Debug)]
pub enum ByHook {}

#[diagnostic::do_not_recommend]
impl<S: Default> FirstState<S> for ByDefault {
    const IS_HOOK: bool = false;

    fn fresh() -> Option<S> {
        Some(S::default())
    }
}

impl<S> FirstState<S> for ByHook {
    const IS_HOOK: bool = true;

    fn fresh() -> Option<S> {
        None
    }
}

/// The first state of a channel's room, where no hook makes it.
pub(crate) fn fresh<C: Channel>() -> Option<C::RoomState> {
    C::FirstState::fresh()
}

/// As [`fresh`], its type forgotten.
pub(crate) fn state<C: Channel>() -> Option<State> {
    fresh::<C>().map(|state| Box::new(state) as State)
}

/// What `on_room_open` returned.
pub fn room_opened<S, R: OpenReply<S>>(result: R) -> Result<S, Fault> {
    result.into_state()
}

/// What `on_room_open` may return.
#[diagnostic::on_unimplemented(
    message = "`on_room_open` cannot return `{Self}`",
    label = "not what `on_room_open` returns",
    note = "return the room's state, `{S}`, or `Result<{S}, E>` with an error that is `Into<Fault>`"
)]
pub trait OpenReply<S> {
    /// The state, or what those are told who wait for the room.
    fn into_state(self) -> Result<S, Fault>;
}

impl<S> OpenReply<S> for S {
    fn into_state(self) -> Result<S, Fault> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<S, E: Into<Fault>> OpenReply<S> for Result<S, E> {
    fn into_state(self) -> Result<S, Fault> {
        self.map_err(Into::into)
    }
}

/// What `on_room_close` returned: an error is logged, for nobody is there any more.
pub fn room_closed<R: RoomCloseReply>(result: R) {
    result.log();
}

/// What `on_room_close` may return.
#[diagnostic::on_unimplemented(
    message = "`on_room_close` cannot return `{Self}`",
    label = "not what `on_room_close` returns",
    note = "return `()`, or `Result<(), E>` with an `E: Display`"
)]
pub trait RoomCloseReply {
    /// Logs the error, if there is one.
    fn log(self);
}

impl RoomCloseReply for () {
    fn log(self) {}
}

impl<E: Display> RoomCloseReply for Result<(), E> {
    fn log(self) {
        if let Err(error) = self {
            tracing::error!(%error, "`on_room_close` failed");
        }
    }
}

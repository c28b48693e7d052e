//! What the state of a path's room begins with: its `Default`, or what `on_room_open` returns.

use std::fmt::Display;
use std::marker::PhantomData;

use crate::channel::Channel;
use crate::protocol::const_text::ConstText;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::room::state::{self, State};

/// The state's type as it is written, and its `Default` where it has one.
pub type FirstState<S> = (&'static str, Option<fn() -> S>);

/// That of a channel whose rooms have none.
pub const NO_STATE: FirstState<()> = ("()", Some(|| ()));

/// `DefaultOf::<S>::FRESH`: an associated constant of the type itself is found before one of a trait, and is there only where its
/// bound holds.
#[derive(Debug)]
pub struct DefaultOf<S>(PhantomData<S>);

impl<S: Default> DefaultOf<S> {
    /// Makes one.
    pub const FRESH: Option<fn() -> S> = Some(S::default);
}

/// For types without it.
pub trait NoDefault {
    /// The type.
    type State;
    /// There is none.
    const FRESH: Option<fn() -> Self::State> = None;
}

impl<S> NoDefault for DefaultOf<S> {
    type State = S;
}

/// A constant's error where nothing makes the state of a channel's rooms.
#[track_caller]
pub const fn made<C: Channel>() {
    if let (false, (state, None)) = (C::OPENS_ROOMS, C::FIRST_STATE) {
        let text = ConstText::concat(&[
            "the room's state, `",
            state,
            "`, has no `Default`\nderive or implement it, or make the state in `async fn on_room_open(room: &Room<Self>) -> Result<",
            state,
            ", Fault>`",
        ]);
        panic!("{}", text.as_str());
    }
}

/// The first state of a channel's room, where no hook makes it.
pub(crate) fn fresh<C: Channel>() -> Option<C::RoomState> {
    if C::OPENS_ROOMS {
        return None;
    }
    C::FIRST_STATE.1.map(|fresh| fresh())
}

/// As [`fresh`], its type forgotten.
pub(crate) fn state<C: Channel>() -> Option<State> {
    fresh::<C>().map(state::state)
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
    /// The state, or what those are told who wait for the room.
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

/// What `on_room_close` returned: an error is logged, for nobody is there any more.
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

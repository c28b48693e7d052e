//! What hooks and handlers take besides a message: each argument is checked at the type that the user has written.
//!
//! Without these traits the compiler would only say that two types differ. No macro makes them: their errors would show it, too.

use std::sync::Arc;

use bytes::Bytes;

use crate::channel::hook_returns::OpenReply;
use crate::channel::room::Room;
use crate::channel::text::Text;
use crate::handshake::token::Token;
use crate::protocol::codec::DecodeError;
use crate::wire::close::Close;

/// What `on_close` takes.
#[diagnostic::on_unimplemented(
    message = "`on_close` is given a `Close`, not a `{Self}`",
    label = "not what `on_close` is given",
    note = "write `close: Close`: how the connection ended, with `close.code` and `close.reason`"
)]
pub trait OfClose {
    /// Returns its argument.
    fn given(close: Close) -> Self;
}

impl OfClose for Close {
    fn given(close: Close) -> Self {
        close
    }
}

/// What `on_binary`, `on_ping` and `on_pong` take.
#[diagnostic::on_unimplemented(
    message = "`on_binary`, `on_ping` and `on_pong` are given `Bytes`, not a `{Self}`",
    label = "not what this hook is given",
    note = "write `data: Bytes`, which is `channel_runtime::Bytes`: a `&[u8]` is `&*data`, a `Vec<u8>` `data.to_vec()`"
)]
pub trait OfData {
    /// Returns its argument.
    fn given(data: Bytes) -> Self;
}

impl OfData for Bytes {
    fn given(data: Bytes) -> Self {
        data
    }
}

/// What `on_text` takes.
#[diagnostic::on_unimplemented(
    message = "`on_text` is given a `Text`, not a `{Self}`",
    label = "not what `on_text` is given",
    note = "write `text: Text`, which is `channel_runtime::Text`: a `&str` is `&*text`, a `String` `text.into_string()`"
)]
pub trait OfText {
    /// Returns its argument.
    fn given(text: Text) -> Self;
}

impl OfText for Text {
    fn given(text: Text) -> Self {
        text
    }
}

/// What `on_invalid` takes.
#[diagnostic::on_unimplemented(
    message = "`on_invalid` is given a `DecodeError`, not a `{Self}`",
    label = "not what `on_invalid` is given",
    note = "write `error: DecodeError`: what is wrong with the message; the usual answer to it is `Fault::from(error)`"
)]
pub trait OfInvalid {
    /// Returns its argument.
    fn given(error: DecodeError) -> Self;
}

impl OfInvalid for DecodeError {
    fn given(error: DecodeError) -> Self {
        error
    }
}

/// What `on_refresh` takes.
#[diagnostic::on_unimplemented(
    message = "`on_refresh` is given a `Token`, not a `{Self}`",
    label = "not what `on_refresh` is given",
    note = "write `token: Token`: its text is `token.expose()`"
)]
pub trait OfRefresh {
    /// Returns its argument.
    fn given(token: Token) -> Self;
}

impl OfRefresh for Token {
    fn given(token: Token) -> Self {
        token
    }
}

/// What `on_reauthorize` of channel `C` takes.
#[diagnostic::on_unimplemented(
    message = "`on_reauthorize` is given a `Room<{C}>`, not a `{Self}`",
    label = "not what `on_reauthorize` is given",
    note = "write `room: Room<Self>`: to be compared with `Self::room(..)`, or told by `room.name()`"
)]
pub trait OfReauthorize<C> {
    /// Returns its argument.
    fn given(room: Room<C>) -> Self;
}

impl<C> OfReauthorize<C> for Room<C> {
    fn given(room: Room<C>) -> Self {
        room
    }
}

/// What `on_room_close` takes of a room whose state is an `S`.
#[diagnostic::on_unimplemented(
    message = "`on_room_close` is given the room's state, a `{S}`, not a `{Self}`",
    label = "not the room's state",
    note = "write `state: {S}`, or name another `room_state` on the struct"
)]
pub trait OfRoomClose<S> {
    /// Returns its argument.
    fn given(state: S) -> Self;
}

impl<S> OfRoomClose<S> for S {
    fn given(state: S) -> Self {
        state
    }
}

/// What `snapshot` takes of a room whose state is an `S`.
#[diagnostic::on_unimplemented(
    message = "`snapshot` is lent the room's state, a `{S}`, not a `{Self}`",
    label = "not the room's state",
    note = "write `state: &{S}`, or name another `room_state` on the struct"
)]
pub trait OfSnapshot<S> {
    /// Returns its argument.
    fn lent(state: &S) -> &Self;
}

impl<S> OfSnapshot<S> for S {
    fn lent(state: &S) -> &Self {
        state
    }
}

/// A channel whose struct names an app, for a method that takes a `T` by reference. The call itself checks the app's type, so that
/// derefs are followed: if `app = Arc<App>`, an `&App` is fine.
///
/// Neither this trait nor [`HasRoomState`] asks for a `Route`: a struct that is not `Send` would be reported twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no app, but a method of it takes `&{T}`",
    label = "what is taken by reference is the app",
    note = "if `{T}` is the app, name it on the struct: `#[channel(\"..\", app = {T})] struct {Self}`",
    note = "else: a message is taken by value, the client as `&Socket<Self>`, and in `on_room_open` and `on_room_close` the room as `&Room<Self>`"
)]
pub trait HasApp<T: ?Sized> {
    /// The app.
    type Given;

    /// The app itself.
    fn given(app: &Arc<Self::Given>) -> &Self::Given {
        app
    }

    /// The shared app, for a method that takes an `&Arc<T>`.
    fn shared(app: &Arc<Self::Given>) -> &Arc<Self::Given> {
        app
    }
}

/// A channel whose struct names any app.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no app",
    label = "there is no app to be had",
    note = "name it on the struct: `#[channel(\"..\", app = App)] struct {Self}`"
)]
pub trait NamesApp {}

#[diagnostic::do_not_recommend]
impl<C: HasApp<()>> NamesApp for C {}

/// A channel whose struct names the state of its rooms, for a hook that makes or takes it as a `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no state for its rooms, but a hook of it makes or takes one",
    label = "this would be the room's state",
    note = "name it on the struct: `#[channel(\"..\", room_state = {T})] struct {Self}`"
)]
pub trait HasRoomState<T> {
    /// The state.
    type State;

    /// Its `Result` with a [`Fault`](struct@crate::Fault). A type of its own, so that no state is inferred from it if there is none.
    type Opened;

    /// The state, of the type that `snapshot` takes.
    fn lent<R: OfSnapshot<Self::State>>(state: &Self::State) -> &R {
        R::lent(state)
    }

    /// What `on_room_open` returned.
    fn opened<R: OpenReply<Self::State>>(reply: R) -> Self::Opened;

    /// The state, of the type that the hook takes.
    fn state_of_rooms<R: OfRoomClose<Self::State>>(state: Self::State) -> R {
        R::given(state)
    }
}

//! What the struct's half of a channel names, or does not, asked by the half of the impl block: an app, a room's state.
//!
//! None of them asks for a `Route`: of a struct that is none, because it is not `Send`, that would be told once more.
//!
//! Without these the compiler would say of a handler that takes an `&App` no more than that it is given a `&()`.

use std::sync::Arc;

use crate::channel::hook_arguments::OfRoomClose;
use crate::channel::initial_state::OpenReply;

/// A channel whose struct names an app, for a handler or a hook that takes a `T` by reference. Whether its app is a `T` is told by the
/// call, which follows derefs: where `app = Arc<App>`, an `&App` is fine.
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

    /// The app as it is shared, for a method that takes an `&Arc<T>`.
    fn shared(app: &Arc<Self::Given>) -> &Arc<Self::Given> {
        app
    }
}

/// A channel whose struct names an app, whichever that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no app",
    label = "there is no app to be had",
    note = "name it on the struct: `#[channel(\"..\", app = App)] struct {Self}`"
)]
pub trait NamesApp {}

#[diagnostic::do_not_recommend]
impl<C: HasApp<()>> NamesApp for C {}

/// A channel whose struct names the state of its rooms, for a hook that makes or takes a `T` as that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no state for its rooms, but a hook of it makes or takes one",
    label = "this would be the room's state",
    note = "name it on the struct: `#[channel(\"..\", room_state = {T})] struct {Self}`"
)]
pub trait HasRoomState<T> {
    /// The state.
    type State;

    /// Its `Result` with a [`Fault`](crate::Fault). A type of its own, so that where there is no state no other is inferred from it.
    type Opened;

    /// What `on_room_open` returned.
    fn opened<R: OpenReply<Self::State>>(reply: R) -> Self::Opened;

    /// As the hook takes it.
    fn state_of_rooms<R: OfRoomClose<Self::State>>(state: Self::State) -> R {
        R::given(state)
    }
}

//! Routes: a channel's path, and how the handler of one connection is made from a request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::channel::initial_state::InitialState;
use crate::channel::path::{Params, Path};
use crate::channel::room::Room;
use crate::config::bounds::Bounds;
use crate::handshake::Handshake;
use crate::handshake::reject::BuildError;
use crate::protocol::describe::{Needs, Param, PresenceShape, RoomShape};
use crate::protocol::history::History;
use crate::protocol::subprotocols::Subprotocols;

/// The path of a channel, and how a handler is made from a request. From `#[channel("/path")]` on the struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no path",
    label = "this channel has no path",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`"
)]
pub trait Route: Sized + Send + 'static {
    /// The type of the app that handlers take: that of `app = ..`, or `()`.
    type App: Send + Sync + 'static;
    /// What the members of the path's room share on this node: that of `room_state = ..`, or `()`. `Default`, unless there is an `on_room_open`.
    type RoomState: Send + 'static;
    /// Asked by `channels![..]` for handlers and an app, so that a type without a path is one error.
    #[doc(hidden)]
    type Itself;
    #[doc(hidden)]
    type Halves;
    /// The initial state of the path's room, if no hook makes it.
    #[doc(hidden)]
    const INITIAL_STATE: InitialState<Self::RoomState>;
    /// The struct's name, for logs and errors.
    const NAME: &'static str;
    /// The path's pattern.
    const PATH: Path;
    #[doc(hidden)]
    const ROUTE: (&'static str, Path) = (Self::NAME, Self::PATH);
    #[doc(hidden)]
    const DOCS: &'static str = "";
    #[doc(hidden)]
    const PARAMS: &'static [Param] = &[];
    #[doc(hidden)]
    const NEEDS: &'static [Needs] = &[];
    /// How long an empty room stays open. `None` if `Config` decides.
    #[doc(hidden)]
    const ROOM_GRACE: Option<Duration> = None;
    /// That of the path's room. `None` if nothing of it is kept.
    #[doc(hidden)]
    const HISTORY: Option<History> = None;
    /// Those of the declared kinds of room, by the names of the kinds.
    #[doc(hidden)]
    const HISTORIES: &'static [(&'static str, History)] = &[];
    /// How it is told who is present in the path's room. `None` if it is not.
    #[doc(hidden)]
    const PRESENCE: Option<PresenceShape> = None;
    /// Whether it is meant that each node of a cluster has the state and the hooks of its rooms for itself.
    #[doc(hidden)]
    const EACH_NODE: bool = false;
    #[doc(hidden)]
    const BOUNDS: Bounds = Bounds::NONE;
    #[doc(hidden)]
    const ROOMS: &'static [RoomShape] = &[];
    #[doc(hidden)]
    const SUBPROTOCOLS: Subprotocols = Subprotocols::NONE;

    /// Makes the handler of one connection: reads the path's parameters, runs the extractors, sets the fields' first values.
    fn build(
        handshake: &Handshake,
        params: &Params,
        app: &Self::App,
    ) -> impl Future<Output = Result<Self, BuildError>> + Send;

    /// The path's own room, from the parsed parameters.
    fn own_room(&self) -> Room<Self>;

    /// The room of a path with these parameters. `None` if they can't be read.
    #[doc(hidden)]
    fn room_at(params: &Params) -> Option<Room<Self>> {
        _ = params;
        None
    }
}

/// A channel that can be listed in an app of type `App`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand in an app of type `{App}`",
    label = "this channel belongs to another app",
    note = "all channels of one `channels![..]` name the same `app = ..`, or none"
)]
pub trait ServedBy<App>: Route {
    /// The app that the channel's handlers take.
    fn served_app(app: &Arc<App>) -> Arc<Self::App>;
}

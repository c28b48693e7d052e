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
use crate::protocol::describe::{Param, RoomShape};

/// Where a channel stands, and how a handler is made from a request. From `#[channel("/path")]` on the struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no path",
    label = "this channel has no path",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`"
)]
pub trait Route: Sized + Send + 'static {
    /// The app that handlers see: that of `app = ..`, else `()`.
    type App: Send + Sync + 'static;
    /// What the members of the path's room share on this node: that of `room_state = ..`, else `()`. It is `Default` where
    /// the channel has no `on_room_open`.
    type RoomState: Send + 'static;
    /// The channel itself, by which `channels![..]` asks for its handlers and its app: of what has no path it then asks for nothing
    /// more.
    #[doc(hidden)]
    type Itself;
    /// Whether the impl block has its `#[channel]`.
    #[doc(hidden)]
    type Halves;
    /// What the state of the path's room begins with, where no hook makes it.
    #[doc(hidden)]
    const INITIAL_STATE: InitialState<Self::RoomState>;
    /// The struct's name, for logs and errors.
    const NAME: &'static str;
    /// The path's pattern.
    const PATH: Path;
    /// Both, for `channels![..]`.
    #[doc(hidden)]
    const ROUTE: (&'static str, Path) = (Self::NAME, Self::PATH);
    /// The struct's documentation.
    #[doc(hidden)]
    const DOCS: &'static str = "";
    /// The types of the path's parameters.
    #[doc(hidden)]
    const PARAMS: &'static [Param] = &[];
    /// How long an empty room stays open: that of `room_grace = ..`, else as `Config` says.
    #[doc(hidden)]
    const ROOM_GRACE: Option<Duration> = None;
    /// The bounds of its connections that are its own.
    #[doc(hidden)]
    const BOUNDS: Bounds = Bounds::NONE;
    /// The declared kinds of room.
    #[doc(hidden)]
    const ROOMS: &'static [RoomShape] = &[];

    /// Makes the handler of one connection: reads the path's parameters, runs the extractors, sets the state.
    fn build(
        handshake: &Handshake,
        params: &Params,
        app: &Self::App,
    ) -> impl Future<Output = Result<Self, BuildError>> + Send;

    /// The path's own room, from the parsed parameters.
    fn own_room(&self) -> Room<Self>;
}

/// A channel that can stand in an app of type `App`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand in an app of type `{App}`",
    label = "this channel belongs to another app",
    note = "all channels of one `channels![..]` name the same `app = ..`, or none"
)]
pub trait ServedBy<App>: Route {
    /// The app as the channel's handlers see it.
    fn served_app(app: &Arc<App>) -> Arc<Self::App>;
}

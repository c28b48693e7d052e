//! The list of an app's channels, which `channels![..]` makes.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::ToSocketAddrs;

use crate::channel::identity::UserName;
use crate::channel::{self, Channel, ServedBy, room_state};
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::lock::{Older, fingerprint};
use crate::room::state;
use crate::server::Server;
use crate::server::table::{Route, RouteTable};
use crate::session::dispatch::Dispatch;
use crate::socket::counters::Counters;
use crate::socket::hub::Hub;
use crate::socket::node::Node;
use crate::socket::user::{User, Users};

/// The channels of an app, from `channels![ChatChannel, GameChannel]`.
///
/// Its hubs exist before the app does, so that the app can hold them:
///
/// ```
/// # use channel_runtime::{channel, channels, Hub};
/// # pub struct App { chats: Hub<Chat> }
/// # impl App { fn new(chats: Hub<Chat>) -> Self { Self { chats } } }
/// # #[channel("/chat/:room", app = App)] pub struct Chat { room: String }
/// # #[channel] impl Chat {}
/// let channels = channels![Chat];
/// let chats = channels.of::<Chat>();
/// let server = channels.app(App::new(chats));
/// # drop(server);
/// ```
///
/// It keeps no app alive.
pub struct Channels<App> {
    node: Arc<Node>,
    shapes: Vec<ChannelShape>,
    routes: Vec<Route<App>>,
    older: &'static [Older],
}

impl<App: Send + Sync + 'static> Channels<App> {
    /// For the expansion of `channels![..]`, which checks the list.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { node: Arc::new(Node::new()), shapes: Vec::new(), routes: Vec::new(), older: &[] }
    }

    /// For the expansion of `channels![..]`, which checks the list.
    #[doc(hidden)]
    #[must_use]
    pub fn with<C>(self) -> Self
    where
        C: channel::Route,
        C::Itself: Dispatch + ServedBy<App>,
    {
        self.and::<C::Itself>()
    }

    /// For the expansion of `channels![..]`, whose lock has former fingerprints.
    #[doc(hidden)]
    #[must_use]
    pub fn older(self, older: &'static [Older]) -> Self {
        Self { older, ..self }
    }

    fn and<C: Dispatch + ServedBy<App>>(mut self) -> Self {
        let node = Arc::get_mut(&mut self.node).expect("hubs are given out when the list is complete");
        node.add::<C>(TypeId::of::<C::Identity>(), Counters::of::<C>(), || {
            room_state::initial::<C>().map(state::state)
        });
        self.shapes.push(ChannelShape { timeout_ms: C::timeout_ms, batched: C::BATCHED, ..C::SHAPE });
        self.routes.push(Route::of::<C>());
        self
    }

    /// The hub of a channel.
    ///
    /// # Panics
    /// If the list does not have the channel, at the caller's line.
    #[track_caller]
    pub fn of<C: Channel>(&self) -> Hub<C> {
        // In a closure the panic would name the closure's line.
        match Hub::find(&self.node) {
            Some(hub) => hub,
            None => panic!("`{}` is not in this `channels![..]`", C::NAME),
        }
    }

    /// A user on all channels of the list.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User {
        User::new(&self.node, user)
    }

    /// Finds users when the list itself has become a server.
    pub fn users(&self) -> Users {
        Users::new(&self.node)
    }

    /// The messages of the channels as data: for documentation, schemas and generated clients.
    pub fn describe(&self) -> Description {
        describe(&self.shapes, fingerprint(&self.shapes))
    }

    /// A server of these channels, with the app that their handlers use. For an app in an `Arc`: [`app_arc`](Self::app_arc).
    pub fn app(self, app: App) -> Server<App> {
        self.app_arc(Arc::new(app))
    }

    /// Like [`app`](Self::app), for an app in an `Arc`.
    pub fn app_arc(self, app: Arc<App>) -> Server<App> {
        let Self { node, shapes, routes, older } = self;
        node.set_app(&app);
        Server::new(RouteTable::new(node, app, shapes, routes, older))
    }

    /// Serves channels without an app, as `.app(()).serve(addr)` does: see [`Server::serve`]. To set a [`Config`](crate::Config),
    /// write `.app(())` first.
    ///
    /// ```no_run
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel] impl Chat {}
    /// # async fn run() -> std::io::Result<()> {
    /// channels![Chat].serve("127.0.0.1:3030").await
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address can't be bound.
    // Boxed: a future that depends on the bound would cause a second error if the bound does not hold, and a third at its `.await`.
    pub fn serve<'a>(
        self,
        addr: impl ToSocketAddrs + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>
    where
        (): StandsFor<App>,
    {
        Box::pin(self.app(().app()).serve(addr))
    }
}

/// Stands for the app of channels without one: `()`. It also determines the app's type, because such channels fit any app.
#[diagnostic::on_unimplemented(
    message = "the channels have an app of type `{App}`, and it is not handed over",
    label = "these channels have not been given their app",
    note = "write `.app(app).serve(..)`: the channels are handed an app of type `{App}`"
)]
pub trait StandsFor<App> {
    /// Returns the app.
    #[doc(hidden)]
    fn app(self) -> App;
}

impl StandsFor<()> for () {
    fn app(self) {}
}

#[cfg(feature = "contract")]
impl<App: Send + Sync + 'static> crate::contract::Described for Channels<App> {
    fn description(&self) -> Description {
        self.describe()
    }
}

impl<App> fmt::Debug for Channels<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| route.path().pattern())).finish()
    }
}

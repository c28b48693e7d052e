//! The list of an app's channels, which `channels![..]` makes.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::ToSocketAddrs;

use crate::channel::identity::UserName;
use crate::channel::{self, Channel, ServedBy, room_state};
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::lock::fingerprint;
use crate::protocol::message::Messages;
use crate::room::registry::Registry;
use crate::room::state;
use crate::server::Server;
use crate::server::table::{Route, RouteTable};
use crate::session::dispatch::Dispatch;
use crate::socket::counters::Counters;
use crate::socket::hub::Hub;
use crate::socket::user::{User, Users};

/// A list of channels and everybody on them: from `channels![ChatChannel, GameChannel]`.
///
/// It gives out hubs before there is an app, so that the app can hold them:
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
/// It owns the registry and never the app.
pub struct Channels<App> {
    registry: Arc<Registry>,
    shapes: Vec<ChannelShape>,
    routes: Vec<Route<App>>,
}

impl<App: Send + Sync + 'static> Channels<App> {
    /// For `channels![..]`, which checks the list.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { registry: Arc::new(Registry::new()), shapes: Vec::new(), routes: Vec::new() }
    }

    /// For `channels![..]`, which checks the list.
    #[doc(hidden)]
    #[must_use]
    pub fn with<C>(self) -> Self
    where
        C: channel::Route,
        C::Itself: Dispatch + ServedBy<App>,
    {
        self.and::<C::Itself>()
    }

    fn and<C: Dispatch + ServedBy<App>>(mut self) -> Self {
        let registry = Arc::get_mut(&mut self.registry).expect("hubs are given out when the list is complete");
        registry
            .add::<C>(Counters::new(C::NAME, C::FromClient::TYPES), || room_state::initial::<C>().map(state::state));
        self.shapes.push(C::SHAPE);
        self.routes.push(Route::of::<C>());
        self
    }

    /// The hub of a channel.
    ///
    /// # Panics
    /// Where the list does not have the channel; at the caller's line.
    #[track_caller]
    pub fn of<C: Channel>(&self) -> Hub<C> {
        // A closure would be where it panics.
        match Hub::find(&self.registry) {
            Some(hub) => hub,
            None => panic!("`{}` is not in this `channels![..]`", C::NAME),
        }
    }

    /// A user on all channels of the list.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User {
        User::new(&self.registry, user)
    }

    /// Everybody, for when the list itself has become a server.
    pub fn users(&self) -> Users {
        Users::new(&self.registry)
    }

    /// What travels on the channels, as data: for documentation, schemas and generated clients.
    pub fn describe(&self) -> Description {
        describe(&self.shapes, fingerprint(&self.shapes))
    }

    /// The channels as a server, with the app that their handlers see. It is kept in an `Arc`; one that is in an `Arc` already
    /// goes to [`app_arc`](Self::app_arc).
    pub fn app(self, app: App) -> Server<App> {
        self.app_arc(Arc::new(app))
    }

    /// As [`app`](Self::app), where the app is shared already.
    pub fn app_arc(self, app: Arc<App>) -> Server<App> {
        let Self { registry, shapes, routes } = self;
        registry.set_app(&app);
        Server::new(RouteTable::new(registry, app, shapes, routes))
    }

    /// Serves channels without an app, as `.app(()).serve(addr)` does: see [`Server::serve`]. What is set on a server, such as its
    /// [`Config`], stands behind `.app(())`.
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
    /// Where the address can't be bound.
    // Boxed, for a future that depends on the bound would be a second error where that does not hold, and a third at its `.await`.
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

/// What stands for an app that is not handed over: `()`, for no app. From which the compiler also knows what the app is, as
/// channels without one stand in any.
#[diagnostic::on_unimplemented(
    message = "the channels have an app of type `{App}`, and it is not handed over",
    label = "these channels have not been given their app",
    note = "write `.app(app).serve(..)`: the channels are handed an app of type `{App}`"
)]
pub trait StandsFor<App> {
    /// The app.
    #[doc(hidden)]
    fn app(self) -> App;
}

impl StandsFor<()> for () {
    fn app(self) {}
}

impl<App> fmt::Debug for Channels<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| route.path().pattern())).finish()
    }
}

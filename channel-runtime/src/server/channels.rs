//! The list of an app's channels, which `channels![..]` makes.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::ToSocketAddrs;

use crate::channel::identity::UserName;
use crate::channel::{self, Channel, ServedBy, room_state};
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::lock::{Older, fingerprint};
use crate::protocol::message::Messages as _;
use crate::room::state;
use crate::server::Server;
use crate::server::table::{Route, RouteTable};
use crate::session::dispatch::Dispatch;
use crate::socket::class::has_latest;
use crate::socket::counters::Counters;
use crate::socket::history;
use crate::socket::hub::Hub;
use crate::socket::node::Node;
use crate::socket::presence;
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
/// It keeps no app alive. `L` is [`Linked`], or [`Unlinked`] for a list with `cluster` that has no bus yet.
pub struct Channels<App, L = Linked> {
    node: Arc<Node>,
    shapes: Vec<ChannelShape>,
    routes: Vec<Route<App>>,
    older: &'static [Older],
    link: PhantomData<L>,
}

/// The channels are those of one process, or have their bus.
#[derive(Debug)]
pub enum Linked {}

/// The channels are those of a cluster, and have no bus yet: `channels![..; cluster]`.
#[derive(Debug)]
pub enum Unlinked {}

/// Channels that can be served, and have hubs: [`Linked`].
#[diagnostic::on_unimplemented(
    message = "these channels are for a cluster, and have no bus yet",
    label = "neither `.over(..)` nor `.alone()` has been called",
    note = "write `.over(Nats::at(\"nats://bus:4222\").name(\"shop\")).await?` before this, or `.alone()` where there is no bus, as in \
            development"
)]
pub trait IsLinked {}

impl IsLinked for Linked {}

impl<App: Send + Sync + 'static> Channels<App> {
    /// For the expansion of `channels![..]`, which checks the list.
    #[doc(hidden)]
    pub fn new() -> Self {
        let node = Arc::new(Node::new());
        Self { node, shapes: Vec::new(), routes: Vec::new(), older: &[], link: PhantomData }
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

    /// As [`with`](Self::with), in a list with `cluster`.
    #[doc(hidden)]
    #[must_use]
    pub fn with_clustered<C>(self) -> Self
    where
        C: channel::Route,
        C::Itself: Dispatch + ServedBy<App>,
    {
        let mut list = self.and::<C::Itself>();
        list.node_mut().add_notices(<C::Itself as Dispatch>::NOTICES);
        list
    }

    /// For the expansion of `channels![..]`, whose lock has former fingerprints.
    #[doc(hidden)]
    #[must_use]
    pub fn older(self, older: &'static [Older]) -> Self {
        Self { older, ..self }
    }

    fn and<C: Dispatch + ServedBy<App>>(mut self) -> Self {
        let make_state = || room_state::initial::<C>().map(state::state);
        self.node_mut().add::<C>(
            TypeId::of::<C::Identity>(),
            Counters::of::<C>(),
            make_state,
            history::of::<C>(C::SNAPSHOTS),
        );
        self.node_mut().add_presence(presence::bounds::<C>());
        if const { has_latest(C::ToClient::SHAPES) } {
            self.node_mut().add_newest();
        }
        self.shapes.push(ChannelShape { timeout_ms: C::timeout_ms, batched: C::BATCHED, ..C::SHAPE });
        self.routes.push(Route::of::<C>());
        self
    }

    fn node_mut(&mut self) -> &mut Node {
        Arc::get_mut(&mut self.node).expect("hubs are given out when the list is complete")
    }

    /// For the expansion of `channels![..; cluster]`.
    #[doc(hidden)]
    pub fn cluster(self) -> Channels<App, Unlinked> {
        self.linked_as()
    }
}

impl<App: Send + Sync + 'static> Channels<App, Unlinked> {
    /// Without a bus, for development and tests: this process is the only node.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel] impl Chat {}
    /// # #[cfg(feature = "cluster")] {
    /// let server = channels![Chat; cluster].alone().app(());
    /// # }
    /// ```
    pub fn alone(self) -> Channels<App> {
        self.linked_as()
    }
}

impl<App: Send + Sync + 'static, L> Channels<App, L> {
    /// The hub of a channel.
    ///
    /// # Panics
    /// If the list does not have the channel, at the caller's line.
    #[track_caller]
    pub fn of<C: Channel>(&self) -> Hub<C>
    where
        L: IsLinked,
    {
        // In a closure the panic would name the closure's line.
        match Hub::find(&self.node) {
            Some(hub) => hub,
            None => panic!("`{}` is not in this `channels![..]`", C::NAME),
        }
    }

    /// A user on all channels of the list.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User
    where
        L: IsLinked,
    {
        User::new(&self.node, user)
    }

    /// Finds users when the list itself has become a server.
    pub fn users(&self) -> Users
    where
        L: IsLinked,
    {
        Users::new(&self.node)
    }

    /// A server of these channels, with the app that their handlers use. For an app in an `Arc`: [`app_arc`](Self::app_arc).
    pub fn app(self, app: App) -> Server<App>
    where
        L: IsLinked,
    {
        self.app_arc(Arc::new(app))
    }

    /// Like [`app`](Self::app), for an app in an `Arc`.
    pub fn app_arc(self, app: Arc<App>) -> Server<App>
    where
        L: IsLinked,
    {
        let Self { node, shapes, routes, older, .. } = self;
        node.set_app(&app);
        #[cfg(feature = "cluster")]
        crate::cluster::begin_to_serve(&node);
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
        L: IsLinked,
        (): StandsFor<App>,
    {
        Box::pin(self.app(().app()).serve(addr))
    }
}

impl<App, L> Channels<App, L> {
    /// The messages of the channels as data: for documentation, schemas and generated clients.
    pub fn describe(&self) -> Description {
        describe(&self.shapes, fingerprint(&self.shapes))
    }

    #[cfg(feature = "cluster")]
    pub(super) fn shapes(&self) -> &[ChannelShape] {
        &self.shapes
    }

    #[cfg(feature = "cluster")]
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(super) fn linked_as<Other>(self) -> Channels<App, Other> {
        let Self { node, shapes, routes, older, .. } = self;
        Channels { node, shapes, routes, older, link: PhantomData }
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
impl<App: Send + Sync + 'static, L> crate::contract::Described for Channels<App, L> {
    fn description(&self) -> Description {
        self.describe()
    }
}

impl<App, L> fmt::Debug for Channels<App, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| route.path().pattern())).finish()
    }
}

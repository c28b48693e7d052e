//! The channels of an app: what `channels![..]` makes, and the table that the filter looks paths up in.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;
use tokio::net::ToSocketAddrs;

use crate::channel::initial_state;
use crate::channel::path::{Params, Path};
use crate::channel::users::UserName;
use crate::channel::{self, Channel, ServedBy};
use crate::config::Config;
use crate::config::bounds::Bounds;
use crate::connection::in_flight::Activity;
use crate::handshake::Handshake;
use crate::handshake::admission::AdmissionControl;
use crate::handshake::reject::BuildError;
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::lock::fingerprint;
use crate::room::pending::Coming;
use crate::room::registry::Registry;
use crate::server::Server;
use crate::server::filter::Start;
use crate::server::health::Refused;
use crate::session::enter::Arrival;
use crate::socket::counters::Counters;
use crate::socket::hub::{Hub, User};

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
        C::Itself: Channel + ServedBy<App>,
    {
        self.and::<C::Itself>()
    }

    fn and<C: Channel + ServedBy<App>>(mut self) -> Self {
        let registry = Arc::get_mut(&mut self.registry).expect("hubs are given out when the list is complete");
        registry.add::<C>(Counters::of::<C>(), initial_state::state::<C>);
        self.shapes.push(C::SHAPE);
        self.routes.push(Route { path: C::PATH, bounds: C::BOUNDS, config: Arc::default(), start: start::<C, App> });
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
        Users { registry: Arc::clone(&self.registry) }
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
        let Self { registry, shapes, mut routes } = self;
        registry.set_app(&app);
        let fingerprint = fingerprint(&shapes);
        let fingerprint = HeaderValue::try_from(fingerprint).expect("hexadecimal digits are a header value");
        // Tried in this order: the more specific path first. The sort is stable and ambiguity was refused.
        routes.sort_by_cached_key(|route| route.path.specificity());
        let (config, activity, refused) = (Arc::default(), Activity::default(), Arc::default());
        let admission = AdmissionControl::default();
        let mut table = Table { registry, app, shapes, fingerprint, routes, config, admission, activity, refused };
        table.configure(Config::default());
        Server::new(table)
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
        f.debug_list().entries(self.routes.iter().map(|route| route.path.pattern())).finish()
    }
}

/// Finds users on all channels of an app; from [`Channels::users`], for the app to keep.
#[derive(Clone)]
pub struct Users {
    registry: Arc<Registry>,
}

impl Users {
    /// A user on all channels.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User {
        User::new(&self.registry, user)
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// All that a request needs to become a connection.
pub(crate) struct Table<App> {
    pub registry: Arc<Registry>,
    pub app: Arc<App>,
    pub config: Arc<Config>,
    pub admission: AdmissionControl,
    pub activity: Activity,
    pub refused: Arc<Refused>,
    /// What is said in every handshake.
    pub fingerprint: HeaderValue,
    shapes: Vec<ChannelShape>,
    routes: Vec<Route<App>>,
}

/// One channel, its type forgotten.
struct Route<App> {
    path: Path,
    bounds: Bounds,
    /// The table's, with the channel's own bounds.
    config: Arc<Config>,
    start: for<'a> fn(&'a Table<App>, &'a Arc<Config>, &'a Handshake, &'a Params) -> Starting<'a>,
}

/// A handler in the making.
pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<Start, BuildError>> + Send + 'a>>;

/// A channel whose path fits a request.
pub(crate) struct Match<'a, App> {
    table: &'a Table<App>,
    route: &'a Route<App>,
    params: Params,
}

impl<App> fmt::Debug for Table<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| route.path.pattern())).finish()
    }
}

impl<App> Table<App> {
    /// Sets the bounds of the server, and of each channel what it does not set itself.
    pub fn configure(&mut self, config: Config) {
        self.config = Arc::new(config);
        for route in &mut self.routes {
            route.config = route.bounds.of(&self.config);
        }
    }

    /// The most specific channel whose path fits.
    pub fn find(&self, path: &str) -> Option<Match<'_, App>> {
        self.routes.iter().find_map(|route| {
            let params = route.path.matches(path)?;
            Some(Match { table: self, route, params })
        })
    }

    /// The channels' paths.
    pub fn paths(&self) -> Arc<[Path]> {
        self.routes.iter().map(|route| route.path).collect()
    }

    /// What travels on the channels, as data.
    pub fn describe(&self) -> Description {
        let fingerprint = self.fingerprint.to_str().expect("hexadecimal digits are text");
        describe(&self.shapes, fingerprint.into())
    }

    pub fn is_stopping(&self) -> bool {
        self.registry.is_stopping()
    }
}

impl<App> Match<'_, App> {
    /// The channel's path.
    pub fn path(&self) -> Path {
        self.route.path
    }

    /// Makes the handler, or refuses: all that can be refused is refused here, before the upgrade.
    pub fn start<'a>(&'a self, handshake: &'a Handshake) -> Starting<'a> {
        (self.route.start)(self.table, &self.route.config, handshake, &self.params)
    }
}

/// The type is forgotten once a connection, never once a message.
fn start<'a, C, App>(
    table: &'a Table<App>,
    config: &'a Arc<Config>,
    handshake: &'a Handshake,
    params: &'a Params,
) -> Starting<'a>
where
    C: Channel + ServedBy<App>,
    App: Send + Sync + 'static,
{
    Box::pin(async move {
        // Before anything is asked of whom: a user who is disconnected from now on does not come in.
        let coming = Coming::begin(&table.registry);
        let app = C::served_app(&table.app);
        let handler = C::build(handshake, params, &app).await?;
        let hub = Hub::find(&table.registry).expect("a channel of the table is in its registry");
        let (config, activity) = (Arc::clone(config), table.activity.clone());
        let mut arrival = Arrival::new(handler, coming, app, hub, config, activity);
        arrival.authorize(&table.admission).await?;
        let start: Start = Box::new(move |io, read_ahead, admission, agreed| {
            arrival.begin(io, read_ahead, admission, agreed);
        });
        Ok(start)
    })
}

//! The channels of a server by their paths: from a request's path to the channel that it is for, and to a session.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;

use crate::channel::ServedBy;
use crate::channel::path::{Params, Path};
use crate::config::Config;
use crate::config::bounds::Bounds;
use crate::connection::in_flight::Activity;
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::admission::{AdmissionControl, AdmissionGuard};
use crate::handshake::reject::BuildError;
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::lock::fingerprint;
use crate::room::pending::Coming;
use crate::room::registry::Registry;
use crate::server::refused::Refused;
use crate::session::dispatch::Dispatch;
use crate::session::enter::Arrival;
use crate::socket::hub::Hub;
use crate::wire::deflate::Agreed;

/// A server's channels, and all else that a request needs to become a connection.
pub(crate) struct RouteTable<App> {
    pub registry: Arc<Registry>,
    pub app: Arc<App>,
    pub config: Arc<Config>,
    pub admission: AdmissionControl,
    pub activity: Activity,
    pub refused: Arc<Refused>,
    /// The header's value in every accepted handshake.
    pub fingerprint: HeaderValue,
    shapes: Vec<ChannelShape>,
    routes: Vec<Route<App>>,
}

/// One channel, with its type erased.
pub(crate) struct Route<App> {
    path: Path,
    bounds: Bounds,
    /// The server's, with the channel's own bounds.
    config: Arc<Config>,
    start: for<'a> fn(&'a RouteTable<App>, &'a Arc<Config>, &'a Handshake, &'a Params) -> Starting<'a>,
}

/// Starts the task of a connection: its stream, the bytes that followed the handshake, its place, and the compression that was
/// negotiated.
pub(crate) type StartSession = Box<dyn FnOnce(Transport, Vec<u8>, AdmissionGuard, Option<Agreed>) + Send>;

/// A handler that is being built.
pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<StartSession, BuildError>> + Send + 'a>>;

impl<App: Send + Sync + 'static> Route<App> {
    pub fn of<C: Dispatch + ServedBy<App>>() -> Self {
        Self { path: C::PATH, bounds: C::BOUNDS, config: Arc::default(), start: start::<C, App> }
    }
}

impl<App> Route<App> {
    /// The channel's path.
    pub fn path(&self) -> Path {
        self.path
    }
}

/// The channel whose path matches a request's.
pub(crate) struct RouteMatch<'a, App> {
    table: &'a RouteTable<App>,
    route: &'a Route<App>,
    params: Params,
}

impl<App> fmt::Debug for RouteTable<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| route.path.pattern())).finish()
    }
}

impl<App> RouteTable<App> {
    /// The routes are tried by how specific their paths are.
    pub fn new(registry: Arc<Registry>, app: Arc<App>, shapes: Vec<ChannelShape>, mut routes: Vec<Route<App>>) -> Self {
        let fingerprint = fingerprint(&shapes);
        let fingerprint = HeaderValue::try_from(fingerprint).expect("hexadecimal digits are a header value");
        // The sort is stable and ambiguity was refused.
        routes.sort_by_cached_key(|route| route.path.specificity());
        let (config, activity, refused) = (Arc::default(), Activity::default(), Arc::default());
        let admission = AdmissionControl::default();
        let mut table = Self { registry, app, config, admission, activity, refused, fingerprint, shapes, routes };
        table.configure(Config::default());
        table
    }

    /// Sets the bounds of the server, and of each channel those that it does not set itself.
    pub fn configure(&mut self, config: Config) {
        self.config = Arc::new(config);
        for route in &mut self.routes {
            route.config = route.bounds.of(&self.config);
        }
    }

    /// The channel with the most specific path that matches. `None` if none does.
    pub fn find(&self, path: &str) -> Option<RouteMatch<'_, App>> {
        self.routes.iter().find_map(|route| {
            let params = route.path.matches(path)?;
            Some(RouteMatch { table: self, route, params })
        })
    }

    /// The channels' paths.
    pub fn paths(&self) -> Arc<[Path]> {
        self.routes.iter().map(|route| route.path).collect()
    }

    /// The messages of the channels as data.
    pub fn describe(&self) -> Description {
        let fingerprint = self.fingerprint.to_str().expect("hexadecimal digits are text");
        describe(&self.shapes, fingerprint.into())
    }

    pub fn is_stopping(&self) -> bool {
        self.registry.is_stopping()
    }
}

impl<App> RouteMatch<'_, App> {
    /// The channel's path.
    pub fn path(&self) -> Path {
        self.route.path
    }

    /// Builds and authorizes the handler. Whatever may refuse a client does it here, before the upgrade.
    pub fn start<'a>(&'a self, handshake: &'a Handshake) -> Starting<'a> {
        (self.route.start)(self.table, &self.route.config, handshake, &self.params)
    }
}

/// Builds a handler of `C`. Types are erased once a connection, never once a message.
fn start<'a, C, App>(
    table: &'a RouteTable<App>,
    config: &'a Arc<Config>,
    handshake: &'a Handshake,
    params: &'a Params,
) -> Starting<'a>
where
    C: Dispatch + ServedBy<App>,
    App: Send + Sync + 'static,
{
    Box::pin(async move {
        // Before the extractors run, so that a disconnect of the user whom they find reaches this connection.
        let coming = Coming::begin(&table.registry);
        let app = C::served_app(&table.app);
        let handler = C::build(handshake, params, &app).await?;
        let hub = Hub::find(&table.registry).expect("a channel of the table is in its registry");
        let (config, activity) = (Arc::clone(config), table.activity.clone());
        let mut arrival = Arrival::new(handler, coming, app, hub, config, activity);
        arrival.authorize(&table.admission).await?;
        let start: StartSession = Box::new(move |io, read_ahead, admission, agreed| {
            arrival.begin(io, read_ahead, admission, agreed);
        });
        Ok(start)
    })
}

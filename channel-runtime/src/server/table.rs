//! The channels of a server by their paths: from a request's path to a channel and to a session.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;

use crate::channel::ServedBy;
use crate::channel::path::{Params, Path};
use crate::channel::room::Room;
use crate::config::Config;
use crate::config::bounds::Bounds;
use crate::connection::in_flight::Activity;
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::admission::{AdmissionControl, AdmissionGuard};
use crate::handshake::reject::BuildError;
use crate::protocol::describe::{ChannelShape, Description, describe};
use crate::protocol::fault::Fault;
use crate::protocol::lock::{Older, Wire, fingerprint};
use crate::protocol::subprotocols::Subprotocols;
use crate::room::pending::PendingGuard;
#[cfg(feature = "ops")]
use crate::server::ops::erased::ErasedChannel;
use crate::server::readiness::Readiness;
use crate::server::refusal_counters::RefusalCounters;
use crate::session::dispatch::Dispatch;
use crate::session::enter::PendingSession;
use crate::session::heartbeat::Heartbeat;
use crate::session::outdated;
use crate::session::quota::Quotas;
use crate::session::room_hooks::{self, RoomLifecycle};
use crate::session::served::Served;
use crate::socket::hub::Hub;
use crate::socket::node::Node;
use crate::socket::open_rooms::{OpenRooms, Opening, RoomHold};
use crate::wire::deflate::Agreed;

pub(crate) struct RouteTable<App> {
    pub node: Arc<Node>,
    pub app: Arc<App>,
    pub config: Arc<Config>,
    pub admission: AdmissionControl,
    pub activity: Activity,
    pub refused: Arc<RefusalCounters>,
    pub readiness: Arc<Readiness>,
    pub fingerprint: HeaderValue,
    shapes: Vec<ChannelShape>,
    channels: Vec<Mounted<App>>,
    quotas: Arc<Quotas>,
    heartbeat: Arc<Heartbeat>,
}

struct Mounted<App> {
    route: Route<App>,
    wire: Wire,
    served: Arc<Served>,
}

pub(crate) struct Route<App> {
    path: Path,
    bounds: Bounds,
    subprotocols: Subprotocols,
    #[cfg(feature = "ops")]
    erased: ErasedChannel,
    start: for<'a> fn(&'a RouteTable<App>, &'a Arc<Served>, &'a Handshake, &'a Params) -> Starting<'a>,
    channel: TypeId,
    open_room: OpenRoom<App>,
}

type OpenRoom<App> = fn(&RouteTable<App>, &Arc<Served>, &Arc<str>) -> Option<Opening>;

pub(crate) type StartSession = Box<dyn FnOnce(Transport, Vec<u8>, AdmissionGuard, Option<Agreed>) + Send>;

pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<StartSession, BuildError>> + Send + 'a>>;

impl<App: Send + Sync + 'static> Route<App> {
    pub fn of<C: Dispatch + ServedBy<App>>() -> Self {
        let subprotocols = C::KNOWN_SUBPROTOCOLS;
        Self {
            path: C::PATH,
            bounds: C::BOUNDS,
            subprotocols,
            #[cfg(feature = "ops")]
            erased: ErasedChannel::of::<C>(),
            start: start::<C, App>,
            channel: TypeId::of::<C>(),
            open_room: open_room::<C, App>,
        }
    }
}

impl<App> Route<App> {
    pub fn path(&self) -> Path {
        self.path
    }
}

pub(crate) struct RouteMatch<'a, App> {
    table: &'a RouteTable<App>,
    channel: &'a Mounted<App>,
    params: Params,
}

impl<App> fmt::Debug for RouteTable<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.channels.iter().map(|channel| channel.route.path.pattern())).finish()
    }
}

impl<App> RouteTable<App> {
    pub fn new(
        node: Arc<Node>,
        app: Arc<App>,
        shapes: Vec<ChannelShape>,
        mut routes: Vec<Route<App>>,
        older: &'static [Older],
    ) -> Self {
        let fingerprint = fingerprint(&shapes);
        let fingerprint = HeaderValue::try_from(fingerprint).expect("hexadecimal digits are a header value");
        // The sort is stable and ambiguity was refused.
        routes.sort_by_cached_key(|route| route.path.specificity());
        let (config, activity, refused) = (Arc::default(), Activity::default(), Arc::default());
        let (quotas, heartbeat) = (Arc::default(), Arc::default());
        let readiness = Arc::new(Readiness::new(&node.shutdown));
        let serve = |route: Route<App>| {
            let shape = shapes.iter().find(|shape| shape.pattern == route.path.pattern());
            let wire = Wire::of(shape.expect("each channel is described"), older);
            let served = Served::new(&node, &route.bounds.of(&config), &activity, &quotas, &heartbeat, wire);
            Mounted { route, wire, served }
        };
        let channels = routes.into_iter().map(serve).collect();
        let admission = AdmissionControl::default();
        Self {
            node,
            app,
            config,
            admission,
            activity,
            refused,
            readiness,
            fingerprint,
            shapes,
            channels,
            quotas,
            heartbeat,
        }
    }

    /// Each channel keeps the bounds that it sets itself.
    pub fn configure(&mut self, config: Config) {
        self.config = Arc::new(config);
        self.serve();
    }

    pub fn count(&mut self, activity: Activity) {
        self.activity = activity;
        self.serve();
    }

    fn serve(&mut self) {
        let Self { node, config, activity, quotas, heartbeat, .. } = self;
        for Mounted { route, wire, served } in &mut self.channels {
            *served = Served::new(node, &route.bounds.of(config), activity, quotas, heartbeat, *wire);
        }
    }

    pub async fn batches_flushed(&self) {
        for channel in &self.channels {
            channel.served.batches.flushed().await;
        }
    }

    /// `None` if no path matches; the most specific one, if several do.
    pub fn find(&self, path: &str) -> Option<RouteMatch<'_, App>> {
        self.channels.iter().find_map(|channel| {
            let params = channel.route.path.matches(path)?;
            Some(RouteMatch { table: self, channel, params })
        })
    }

    pub fn paths(&self) -> Arc<[Path]> {
        self.channels.iter().map(|channel| channel.route.path).collect()
    }

    /// The most specific paths first.
    #[cfg(feature = "ops")]
    pub fn erased(&self) -> Arc<[ErasedChannel]> {
        self.channels.iter().map(|channel| channel.route.erased).collect()
    }

    pub fn describe(&self) -> Description {
        let fingerprint = self.fingerprint.to_str().expect("hexadecimal digits are text");
        describe(&self.shapes, fingerprint.into())
    }

    pub fn is_stopping(&self) -> bool {
        self.node.shutdown.is_draining()
    }
}

impl<App: Send + Sync + 'static> RouteTable<App> {
    /// Called when it is configured. From now on rooms can be opened from outside, and the bound of their history holds.
    pub fn keep_rooms(self: &Arc<Self>) {
        self.node.registry.set_history_bytes(self.config.history_bytes);
        for Mounted { route, served, .. } in &self.channels {
            let shape = self.shapes.iter().find(|shape| shape.pattern == route.path.pattern());
            let most = served.config.outbox_bytes / 2;
            if let Some(history) = shape.and_then(|shape| shape.history).filter(|history| history.bytes > most) {
                let path = route.path.pattern();
                tracing::warn!(
                    path,
                    "of a history of {} bytes a client is sent {most} at most, half of `outbox_bytes`",
                    history.bytes
                );
            }
        }
        let opener: Arc<dyn OpenRooms> = Arc::<Self>::clone(self);
        self.node.set_opener(Arc::downgrade(&opener));
    }
}

impl<App: Send + Sync + 'static> OpenRooms for RouteTable<App> {
    fn open(&self, channel: TypeId, room: &Arc<str>) -> Option<Opening> {
        let mounted = self.channels.iter().find(|mounted| mounted.route.channel == channel)?;
        (mounted.route.open_room)(self, &mounted.served, room)
    }
}

impl<App> RouteMatch<'_, App> {
    pub fn path(&self) -> Path {
        self.channel.route.path
    }

    pub fn subprotocols(&self) -> &Subprotocols {
        &self.channel.route.subprotocols
    }

    /// Whatever may refuse a client does it here, before the upgrade.
    pub fn start<'a>(&'a self, handshake: &'a Handshake) -> Starting<'a> {
        (self.channel.route.start)(self.table, &self.channel.served, handshake, &self.params)
    }
}

/// Types are erased once a connection, never once a message.
fn start<'a, C, App>(
    table: &'a RouteTable<App>,
    served: &'a Arc<Served>,
    handshake: &'a Handshake,
    params: &'a Params,
) -> Starting<'a>
where
    C: Dispatch + ServedBy<App>,
    App: Send + Sync + 'static,
{
    Box::pin(async move {
        outdated::check(served, handshake.hello, C::NAME)?;
        // Before the extractors run, so that a disconnect of their user reaches this connection.
        let coming = PendingGuard::begin(table.node.registry.pending());
        let app = C::served_app(&table.app);
        let handler = C::build(handshake, params, &app).await?;
        let hub = Hub::find(&table.node).expect("a channel of the table is in its registry");
        let mut session = PendingSession::new(handler, coming, app, hub, Arc::clone(served)).agreed(handshake);
        session.authorize(&table.admission).await?;
        let start: StartSession = Box::new(move |io, read_ahead, admission, agreed| {
            session.start(io, read_ahead, admission, agreed);
        });
        Ok(start)
    })
}

/// `None` if no hook opens the channel's rooms.
fn open_room<C, App>(table: &RouteTable<App>, served: &Arc<Served>, room: &Arc<str>) -> Option<Opening>
where
    C: Dispatch + ServedBy<App>,
    App: Send + Sync + 'static,
{
    room_hooks::grace::<C>(&served.config)?;
    let lifecycle = Arc::new(RoomLifecycle {
        room: Room::<C>::of_key(Arc::clone(room)),
        app: C::served_app(&table.app),
        hub: Hub::find(&table.node).expect("a channel of the table is in its registry"),
        served: Arc::clone(served),
    });
    Some(Box::pin(async move {
        let unavailable = || Fault::new(Fault::UNAVAILABLE, "the room can't be opened");
        match room_hooks::enter(lifecycle).await {
            Ok(hold) => Ok(Box::new(hold) as RoomHold),
            Err(rejection) => Err(rejection.fault.unwrap_or_else(unavailable)),
        }
    }))
}

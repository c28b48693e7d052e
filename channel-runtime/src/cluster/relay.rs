//! The relay of a node: what takes its sends to the bus, and knows the other nodes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::asks::Asks;
use super::counters::BusCounters;
use super::echo::Echo;
use super::node_id::NodeId;
use super::nodes::{Hello, Nodes};
use super::questions::Questions;
use super::queue::Queue;
use super::settings::Settings;
use super::stamps::Stamps;
use super::wire::{Cargo, Destination, Outbound, ValueOf};
use crate::room::class::Class;
use crate::room::newest::Stamp;
use crate::room::outgoing::{Body, Outgoing, Sending, To};
use crate::room::sent::{Elsewhere, NotTaken};
use crate::room::target::Target;
use crate::socket::node::Node;

/// Messages are gathered for each other node, but not for more than these.
pub(super) const MOST_GATHERED: u32 = 8;

pub(crate) struct Relay {
    pub(super) id: NodeId,
    pub(super) stamps: Stamps,
    pub(super) asks: Asks,
    pub(super) settings: Settings,
    /// The channels' hashes, by their indices.
    channels: Vec<u32>,
    fingerprint: String,
    since: u64,
    /// When it was in the cluster, and what its program sends began to leave.
    opened: OnceLock<Instant>,
    /// Whether the node has got its app.
    serves: AtomicBool,
    pub(super) queue: Queue,
    pub(super) echo: Echo,
    pub(super) nodes: Nodes,
    pub(super) questions: Questions,
    pub(super) bus: BusCounters,
    longest: AtomicUsize,
    /// The node has said goodbye, and says no hello any more.
    has_left: AtomicBool,
    /// The node is no more.
    pub(super) ended: Notify,
    is_ended: AtomicBool,
}

/// Kept by the registry. With it the lane ends.
pub(super) struct Outlet(Arc<Relay>);

impl Relay {
    pub fn new(stamps: Stamps, settings: Settings, channels: Vec<u32>, fingerprint: String) -> Arc<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Arc::new(Self {
            id: NodeId(stamps.node()),
            stamps,
            asks: Asks::default(),
            queue: Queue::new(settings.queue_bytes, settings.queue_age, Instant::now()),
            settings,
            channels,
            fingerprint,
            since: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            opened: OnceLock::new(),
            serves: AtomicBool::new(false),
            echo: Echo::default(),
            nodes: Nodes::default(),
            questions: Questions::default(),
            bus: BusCounters::new(),
            longest: AtomicUsize::new(usize::MAX),
            has_left: AtomicBool::new(false),
            ended: Notify::new(),
            is_ended: AtomicBool::new(false),
        })
    }

    /// Of this node. `None` without a cluster.
    pub fn of(node: &Node) -> Option<&Arc<Self>> {
        let outgoing: &dyn std::any::Any = node.registry.outgoing()?;
        outgoing.downcast_ref::<Outlet>().map(|Outlet(relay)| relay)
    }

    pub fn outlet(self: &Arc<Self>) -> Outlet {
        Outlet(Arc::clone(self))
    }

    /// From now on what is sent leaves.
    pub fn open(&self, node: &Node, outlet: Outlet) {
        self.opened.get_or_init(Instant::now);
        node.registry.set_outgoing(Arc::new(outlet));
        self.ask_at_start(node);
    }

    /// The lane ends, after what waits has been published.
    pub fn end(&self) {
        self.is_ended.store(true, Ordering::Release);
        self.ended.notify_one();
    }

    /// The lane is no more: nothing leaves, and whoever waits for that, or was slowed by it, goes on.
    pub fn close(&self) {
        self.has_left.store(true, Ordering::Release);
        self.bus.refused_away.add(self.queue.end() as u64);
        self.echo.end();
    }

    pub fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// From now on questions wait for it.
    pub fn begin_to_serve(&self) {
        self.serves.store(true, Ordering::Release);
    }

    pub fn set_longest(&self, bytes: usize) {
        self.longest.store(bytes, Ordering::Relaxed);
    }

    pub fn channel(&self, hash: u32) -> Option<usize> {
        self.channels.iter().position(|channel| *channel == hash)
    }

    pub fn hash(&self, channel: usize) -> u32 {
        self.channels[channel]
    }

    /// How many other nodes serve clients, and go on.
    pub fn others(&self) -> usize {
        self.nodes.serving()
    }

    /// For how many nodes messages are gathered: each reads all parcels of the others.
    pub fn gathered_for(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(MOST_GATHERED).min(MOST_GATHERED)
    }

    /// For how long this node has been in the cluster.
    pub fn age(&self) -> Duration {
        self.opened.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    pub fn count_lost(&self, from: NodeId, lost: u64) {
        if lost > 0 {
            self.bus.lost.add(lost);
            tracing::warn!(node = %from, lost, "messages of another node were lost");
            self.asks.ask_again();
            // A question may be among them, whose answer would be missed: it is asked again.
            self.asks.refuse();
        }
        self.wake_if(lost > 0);
    }

    /// Those who watch the bus.
    pub fn wake_if(&self, is_news: bool) {
        self.bus.state.send_if_modified(|_| is_news);
    }

    pub fn say_hello(&self, node: &Node) {
        if self.has_left() {
            return;
        }
        let census = node.census();
        let hello = Hello {
            since: self.since,
            fingerprint: self.fingerprint.clone(),
            connections: census.connections,
            rooms: census.rooms,
            users: census.users,
            draining: node.shutdown.has_left(),
            deflate: node.compression().is_some(),
            up_ms: u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX),
            connection: self.echo.connection(),
            worker: !self.serves.load(Ordering::Acquire),
            newest: self.stamps.latest(),
            newest_refused: self.asks.refused(),
        };
        let json = serde_json::to_vec(&hello).expect("numbers and texts are JSON");
        self.queue.greet(to_nodes(Cargo::Hello(json.into())));
    }

    pub fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Acquire)
    }

    /// Only the first counts.
    pub fn say_goodbye(&self) {
        if !self.has_left.swap(true, Ordering::AcqRel) {
            self.queue.append_own(to_nodes(Cargo::Bye));
        }
    }

    pub fn answer(&self, to: NodeId, id: u64, json: Vec<u8>) {
        if !self.queue.answer(to, to_nodes(Cargo::Answer { id, json: json.into() })) {
            self.bus.refused_too_long.add(1);
            tracing::warn!(node = %to, "an answer is longer than the bus takes");
        }
    }

    /// Sends what is no [`Body`] to the nodes that have something to do with these clients.
    pub fn send(&self, sending: &Sending<'_>, cargo: Cargo) -> Elsewhere {
        let newest = self.value_of(sending, &cargo);
        // A room that is not open here is not asked for here.
        let is_kept = sending.newest.is_some_and(|value| newest.is_some() && !value.stamp.is_none())
            || matches!(cargo, Cargo::Body(Body::Forget { .. }));
        if self.has_left() {
            self.bus.refused_away.add(1);
            return Elsewhere::Refused(NotTaken::Away);
        }
        let outbound = Outbound {
            channel: self.hash(sending.channel),
            to: destination(sending.to),
            class: sending.class,
            newest,
            mask: sending.exclusions.crosses().then(|| Box::new(sending.exclusions.clone())),
            cargo,
        };
        let elsewhere = self.queue.append(outbound, sending.publisher);
        match elsewhere {
            Elsewhere::Refused(NotTaken::Full) => self.bus.refused_full.add(1),
            Elsewhere::Refused(NotTaken::TooLong) => self.bus.refused_too_long.add(1),
            Elsewhere::Refused(NotTaken::Away) => self.bus.refused_away.add(1),
            _ => {}
        }
        // What is too long is so each time.
        if is_kept && matches!(elsewhere, Elsewhere::Refused(NotTaken::Full | NotTaken::Away)) {
            self.asks.refuse();
        }
        elsewhere
    }

    /// What receivers have to know of a newest value, to put it into the tables of rooms. `None` if it is for none.
    fn value_of(&self, sending: &Sending<'_>, cargo: &Cargo) -> Option<ValueOf> {
        let value = sending.newest?;
        let is_for_rooms = matches!(cargo, Cargo::Body(Body::Frame { .. } | Body::Frames { .. }))
            && matches!(sending.to, To::Target(Target::OwnRoom(_) | Target::Room(_) | Target::Rooms(_) | Target::All))
            && sending.exclusions.only_user.is_none();
        is_for_rooms.then(|| {
            let Stamp { micros, .. } = value.stamp.or_else(|| self.stamps.next());
            ValueOf { micros, key: value.own_key() }
        })
    }

    /// Waits until all that was appended before has come back from the bus.
    pub async fn flushed(&self) {
        self.echo.reaches(self.queue.latest()).await;
    }
}

impl Outgoing for Outlet {
    fn append(&self, sending: &Sending<'_>, mut body: Body) -> Elsewhere {
        // Plain it may fit.
        if let Body::Frame { plain, compressed } = &mut body {
            compressed.take_if(|compressed| plain.len() + compressed.payload.len() > self.longest());
        }
        self.0.send(sending, Cargo::Body(body))
    }

    fn stamp(&self) -> Stamp {
        self.0.stamps.next()
    }

    fn room_opened(&self, channel: usize, name: &Arc<str>) {
        self.0.room_opened(channel, name);
    }

    fn reads_compressed(&self) -> bool {
        self.0.nodes.reads_compressed()
    }

    fn others_serve(&self) -> bool {
        self.0.nodes.others_serve()
    }

    fn longest(&self) -> usize {
        self.0.longest.load(Ordering::Relaxed)
    }

    fn count_too_long(&self) {
        self.0.bus.refused_too_long.add(1);
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn to_nodes(cargo: Cargo) -> Outbound {
    Outbound { channel: 0, to: Destination::Nodes, class: Class::Reliable, newest: None, mask: None, cargo }
}

fn destination(to: To<'_>) -> Destination {
    match to {
        To::User(user) => Destination::User(user.clone()),
        To::Target(Target::OwnRoom(member)) => Destination::Room(Arc::clone(member.own_room.name())),
        To::Target(Target::Room(name)) => Destination::Room(Arc::clone(name)),
        To::Target(Target::Rooms(names)) => Destination::Rooms(names.clone()),
        To::Target(Target::Users(users)) => Destination::Users(users.clone()),
        To::Target(Target::Connection(id)) => Destination::Connection(*id),
        To::Target(Target::All) => Destination::All,
    }
}

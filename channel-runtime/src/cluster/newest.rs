//! Newest values that this node has not heard: it asks the other nodes for those of a room, and they answer for theirs.
//!
//! It asks when a room is opened here, and a second later once more, because what another node sends at that moment may have passed; and
//! for all rooms whenever something may have been missed. A question has a digest of what is known here, so that whoever knows the same
//! answers nothing. Answers are written as fast as the bus takes them, and nothing of them waits but the name of the room.

use std::convert::Infallible;
use std::iter;
use std::sync::Arc;
use std::time::Duration;
use std::vec;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::asks::Missed;
use super::counters::BusState;
use super::engine::{EngineError, Publisher, Subject};
use super::lane::{HEAD, Lane, PARCEL_BYTES, publish};
use super::node_id::NodeId;
use super::owed::{Owed, Owes};
use super::relay::Relay;
use super::wire::{Cargo, Destination, Numbered, Outbound, ParcelWriter, ValueOf, record_bytes};
use crate::room::class::Class;
use crate::room::live_room::LiveRoom;
use crate::room::newest::Known;
use crate::room::outgoing::Body;
use crate::room::sent::{Elsewhere, NotTaken};
use crate::socket::node::Node;

/// What is told of within this time is asked for once: each node says hello in it.
const GATHERED: Duration = Duration::from_secs(1);

/// Of questions so many bytes are asked at once, and then there is a pause: 1.6 MB/s.
const ASKED_AT_ONCE: usize = 16 << 10;
const PAUSE: Duration = Duration::from_millis(10);

/// While much waits for the bus.
const LONG_PAUSE: Duration = Duration::from_millis(500);

const ROOMS_AT_ONCE: usize = 64;

impl Relay {
    pub(super) fn room_opened(&self, channel: usize, name: &Arc<str>) {
        self.ask_for(channel, Destination::Room(Arc::clone(name)), 0);
        if *self.bus.state.borrow() == BusState::Up {
            self.asks.room_opened(channel, name);
        }
    }

    /// For what all of a channel were sent before this node was there.
    pub(super) fn ask_at_start(&self, node: &Node) {
        for channel in node.registry.with_newest() {
            self.ask_for(channel, Destination::All, 0);
        }
        self.asks.ask_again();
    }

    fn ask_for(&self, channel: usize, to: Destination, digest: u64) {
        if !self.has_left() && self.queue.append(self.question(channel, to, digest), None) == FULL {
            self.asks.ask_again();
        }
    }

    fn question(&self, channel: usize, to: Destination, digest: u64) -> Outbound {
        let cargo = Cargo::Ask { digest };
        Outbound { channel: self.hash(channel), to, class: Class::Reliable, newest: None, mask: None, cargo }
    }

    /// Another node has asked, and knows this.
    pub(super) fn asked_for(&self, from: NodeId, channel: usize, room: &Arc<LiveRoom>, is_all: bool, digest: u64) {
        let name = (!is_all).then(|| Arc::clone(room.name()));
        let to = Owes { node: from, channel, name };
        if room.newest_digest() != digest && !self.queue.owe(to, room, digest) {
            self.asks.refuse();
        }
    }
}

const FULL: Elsewhere = Elsewhere::Refused(NotTaken::Full);

/// An answer of which a part is written.
pub(super) struct Answering {
    owed: Owed,
    rest: vec::IntoIter<Known>,
}

impl Lane {
    /// Asks for the newest values of all rooms, whenever some may have been missed.
    pub(super) async fn ask(&self) -> Result<Infallible, EngineError> {
        let relay = &*self.relay;
        loop {
            relay.asks.again.notified().await;
            let now = Instant::now();
            let next = relay.asks.pauses.lock().next(now);
            sleep_until(next.max(now + GATHERED)).await;
            if *relay.bus.state.borrow() == BusState::Up {
                self.ask_for_all(relay.asks.take_missed()).await;
                relay.asks.pauses.lock().ended(Instant::now());
            }
        }
    }

    async fn ask_for_all(&self, Missed { by_any, by }: Missed) {
        let (relay, Some(node)) = (&*self.relay, self.node.upgrade()) else { return };
        let registry = &node.registry;
        // Who is asked with all is not asked alone.
        let of: Vec<Option<NodeId>> = if by_any { vec![None] } else { by.into_iter().map(Some).collect() };
        let mut asked = 0;
        for of in of {
            for channel in registry.with_newest() {
                let to_all = iter::once((Destination::All, Arc::clone(registry.all(channel))));
                let rooms = registry.rooms_of(channel);
                let to_rooms = rooms.map(|room| (Destination::Room(Arc::clone(room.name())), room));
                for (to, room) in to_all.chain(to_rooms) {
                    asked += self.ask_in_turn(channel, to, room.newest_digest(), of).await;
                    drop(room);
                    if asked >= ASKED_AT_ONCE {
                        asked = 0;
                        sleep(if relay.queue.is_busy() { LONG_PAUSE } else { PAUSE }).await;
                    }
                }
            }
        }
    }

    /// Waits while the queue is full. `of` is `None` for all nodes. Returns how many bytes it has.
    async fn ask_in_turn(&self, channel: usize, to: Destination, digest: u64, of: Option<NodeId>) -> usize {
        let relay = &*self.relay;
        let question = || relay.question(channel, to.clone(), digest);
        let bytes = record_bytes(&question());
        match of {
            // Beyond what the bus takes it is none that could be answered.
            Some(node) => _ = relay.queue.answer(node, question()),
            None => {
                while !relay.has_left() && relay.queue.append(question(), None) == FULL {
                    sleep(LONG_PAUSE).await;
                }
            }
        }
        bytes
    }

    pub(super) async fn ask_once_more(&self, now: Instant) {
        for (at, (channel, name)) in self.relay.asks.take_due(now).into_iter().enumerate() {
            let Some(node) = self.node.upgrade() else { return };
            if let Some(room) = node.registry.room(channel, &name) {
                self.relay.ask_for(channel, Destination::Room(name), room.newest_digest());
            }
            drop(node);
            if at % ROOMS_AT_ONCE == ROOMS_AT_ONCE - 1 {
                yield_now().await;
            }
        }
    }

    /// About as much as a parcel has, so that what this node's own clients say does not wait for long. Returns what is begun and goes on
    /// behind that.
    pub(super) async fn write_owed(
        &self,
        publisher: &mut dyn Publisher,
        begun: Option<Answering>,
    ) -> Result<Option<Answering>, EngineError> {
        let (mut written, mut begun) = (0, begun);
        while written < PARCEL_BYTES {
            let next = || self.relay.queue.take_owed().map(Answering::begin);
            let Some(mut answering) = begun.take().or_else(next) else { return Ok(None) };
            written += HEAD + self.write_newest(publisher, &mut answering).await?;
            begun = (answering.rest.len() > 0).then_some(answering);
        }
        Ok(begun)
    }

    /// A parcel of them.
    async fn write_newest(&self, publisher: &mut dyn Publisher, of: &mut Answering) -> Result<usize, EngineError> {
        let relay = &*self.relay;
        let Owes { node, channel, name } = &of.owed.to;
        let longest = relay.queue.longest();
        let (mut writer, mut bytes) = (ParcelWriter::new(relay.id, Numbered::Not), 0);
        while let Some(known) = of.rest.as_slice().first() {
            let outbound = told(relay, *channel, name.as_ref(), known);
            let more = record_bytes(&outbound);
            if bytes > 0 && bytes + more > PARCEL_BYTES.min(longest) {
                break;
            }
            of.rest.next();
            if more <= longest {
                writer.push(&outbound);
                bytes += more;
            }
        }
        if bytes > 0 {
            let parcel = writer.finish();
            relay.bus.parcels.add(1);
            relay.bus.bytes.add(parcel.len() as u64);
            publish(publisher, Subject::Node(&node.to_string()), parcel).await?;
        }
        Ok(bytes)
    }
}

impl Answering {
    /// Nothing, if the room is closed or the node knows the same by now.
    fn begin(owed: Owed) -> Self {
        let room = owed.room.upgrade().filter(|room| room.newest_digest() != owed.digest);
        let known = room.map(|room| room.known_newest()).unwrap_or_default();
        Self { owed, rest: known.into_iter() }
    }
}

/// `to` is `None` for all of the channel.
fn told(relay: &Relay, channel: usize, to: Option<&Arc<str>>, known: &Known) -> Outbound {
    let Known { of, key, stamp, value } = known.clone();
    let to = to.map_or(Destination::All, |name| Destination::Room(Arc::clone(name)));
    let channel = relay.hash(channel);
    match value {
        Some((frame, exclusions)) => Outbound {
            channel,
            to,
            class: Class::LatestElsewhere(of),
            newest: Some(ValueOf { micros: stamp.micros, key }),
            mask: exclusions
                .filter(|exclusions| exclusions.crosses())
                .map(|exclusions| Box::new((*exclusions).clone())),
            cargo: Cargo::Value { node: stamp.node, frame },
        },
        None => {
            let forget = Cargo::Body(Body::Forget { of, stamp, key });
            Outbound { channel, to, class: Class::Reliable, newest: None, mask: None, cargo: forget }
        }
    }
}

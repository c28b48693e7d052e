//! Newest values that this node has not heard: it asks the other nodes for those of a room, and they answer for theirs.
//!
//! It asks when a room is opened here, and a second later once more, because what another node sends at that moment may have passed; and
//! for all rooms, of all nodes or of one alone, whenever something may have been missed. A question has a digest of what is known here, so
//! that whoever knows the same answers nothing. Answers are written as fast as the bus takes them. Of those that are not begun nothing waits
//! but the name of the room, and of the one that is begun what is left of the room.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::vec;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

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
use crate::room::registry::Registry;
use crate::room::sent::{Elsewhere, NotTaken};
use crate::socket::node::Node;

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

    /// Another node has asked, and knows this. One that asks was heard before, at the latest as the parcel of its question was opened.
    pub(super) fn asked_for(&self, from: NodeId, channel: usize, room: &Arc<LiveRoom>, is_all: bool, digest: u64) {
        if !self.nodes.knows(from) {
            self.bus.foreign.add(1);
            return;
        }
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
        let asks = &self.relay.asks;
        loop {
            asks.wanted().await;
            if *self.relay.bus.state.borrow() == BusState::Up {
                let missed = asks.begin_pass(Instant::now());
                self.ask_for_all(missed.of()).await;
                asks.end_pass(Instant::now());
            }
        }
    }

    /// `of` is `None` for all nodes. It begins where the pass before was cut short. Neither the node nor a room is kept while it waits.
    async fn ask_for_all(&self, of: Option<NodeId>) {
        let relay = &*self.relay;
        let mut asked = 0;
        for _ in 0..Registry::PARTS {
            let part = relay.asks.next_part.load(Ordering::Relaxed);
            let Some(rooms) = self.node.upgrade().map(|node| part_of(&node.registry, part)) else { return };
            for (channel, to, room) in rooms {
                let Some(digest) = room.upgrade().map(|room| room.newest_digest()) else { continue };
                asked += self.ask_in_turn(channel, to, digest, of).await;
                if asked >= ASKED_AT_ONCE {
                    asked = 0;
                    sleep(if relay.queue.is_busy() { LONG_PAUSE } else { PAUSE }).await;
                }
            }
            relay.asks.next_part.store((part + 1) % Registry::PARTS, Ordering::Relaxed);
        }
    }

    /// Waits while the queue is full, or enough waits for single nodes. `of` is `None` for all nodes. Returns how many bytes it has.
    async fn ask_in_turn(&self, channel: usize, to: Destination, digest: u64, of: Option<NodeId>) -> usize {
        let relay = &*self.relay;
        let question = || relay.question(channel, to.clone(), digest);
        let bytes = record_bytes(&question());
        match of {
            Some(node) => {
                while !relay.has_left() && relay.queue.is_busy_with_answers() {
                    sleep(LONG_PAUSE).await;
                }
                if !relay.has_left() {
                    // Beyond what the bus takes it is none that could be answered.
                    relay.queue.answer(node, question());
                }
            }
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
        let (mut written, mut rooms, mut begun) = (0, 0, begun);
        while written < PARCEL_BYTES {
            rooms += 1;
            if rooms % ROOMS_AT_ONCE == 0 {
                // Of rooms of which the other knows the same by now nothing is written, and so nothing waited for.
                yield_now().await;
            }
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

/// Questions of a part of the rooms, with those for all of a channel in the first.
fn part_of(registry: &Registry, part: usize) -> Vec<(usize, Destination, Weak<LiveRoom>)> {
    let mut questions = Vec::new();
    for channel in registry.with_newest() {
        if part == 0 {
            questions.push((channel, Destination::All, Arc::downgrade(registry.all(channel))));
        }
        let rooms = registry.rooms_of(channel, part).into_iter();
        questions
            .extend(rooms.map(|room| (channel, Destination::Room(Arc::clone(room.name())), Arc::downgrade(&room))));
    }
    questions
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

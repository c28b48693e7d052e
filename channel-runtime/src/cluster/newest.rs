//! Newest values that this node has not heard: it asks the other nodes for those of a room, and they answer for theirs.
//!
//! It asks when a room is opened here, and a second later once more, because what another node sends at that moment may have passed; and
//! for all rooms whenever something may have been missed. A question has a digest of what is known here, so that whoever knows the same
//! answers nothing. Answers are written as fast as the bus takes them, and nothing of them waits but the name of the room.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::counters::BusState;
use super::engine::{EngineError, Publisher, Subject};
use super::lane::{HEAD, Lane, PARCEL_BYTES, publish};
use super::node_id::NodeId;
use super::queue::Owed;
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

/// More questions are not asked at once, in bytes that wait for the bus.
const MOST_WAITING: usize = 256 << 10;

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
        if self.has_left() {
            return;
        }
        let outbound = Outbound {
            channel: self.hash(channel),
            to,
            class: Class::Reliable,
            newest: None,
            mask: None,
            cargo: Cargo::Ask { digest },
        };
        if self.queue.append(outbound, None) == Elsewhere::Refused(NotTaken::Full) {
            self.asks.ask_again();
        }
    }

    /// Another node has asked, and knows this.
    pub(super) fn asked_for(&self, from: NodeId, channel: usize, room: &Arc<LiveRoom>, is_all: bool, digest: u64) {
        let name = (!is_all).then(|| Arc::clone(room.name()));
        if room.newest_digest() != digest && !self.queue.owe(from, channel, name, room) {
            self.asks.refuse();
        }
    }
}

impl Lane {
    /// Asks for the newest values of all rooms, whenever some may have been missed.
    pub(super) async fn ask(&self) -> Result<Infallible, EngineError> {
        let relay = &*self.relay;
        loop {
            relay.asks.again.notified().await;
            sleep(GATHERED).await;
            if *relay.bus.state.borrow() == BusState::Up {
                self.ask_for_all().await;
            }
        }
    }

    async fn ask_for_all(&self) {
        let (relay, Some(node)) = (&*self.relay, self.node.upgrade()) else { return };
        let registry = &node.registry;
        for channel in registry.with_newest() {
            relay.ask_for(channel, Destination::All, registry.all(channel).newest_digest());
            for (at, room) in registry.rooms_of(channel).enumerate() {
                relay.ask_for(channel, Destination::Room(Arc::clone(room.name())), room.newest_digest());
                while relay.queue.bytes() > MOST_WAITING {
                    sleep(Duration::from_millis(1)).await;
                }
                if at % ROOMS_AT_ONCE == ROOMS_AT_ONCE - 1 {
                    yield_now().await;
                }
            }
        }
    }

    pub(super) fn ask_once_more(&self, node: &Node, now: Instant) {
        for (channel, name) in self.relay.asks.take_due(now) {
            if let Some(room) = node.registry.room(channel, &name) {
                self.relay.ask_for(channel, Destination::Room(name), room.newest_digest());
            }
        }
    }

    /// About as much as a parcel has, so that what this node's own clients say does not wait for long.
    pub(super) async fn write_owed(&self, publisher: &mut dyn Publisher) -> Result<(), EngineError> {
        let mut written = 0;
        while written < PARCEL_BYTES
            && let Some(owed) = self.relay.queue.take_owed()
        {
            written += HEAD + self.write_newest(publisher, &owed).await?;
        }
        Ok(())
    }

    async fn write_newest(&self, publisher: &mut dyn Publisher, owed: &Owed) -> Result<usize, EngineError> {
        let relay = &*self.relay;
        let Some(room) = owed.room.upgrade() else { return Ok(0) };
        let known = room.known_newest();
        let to = owed.name.as_ref();
        drop(room);
        let (longest, node) = (relay.queue.longest(), owed.node.to_string());
        let begin = || ParcelWriter::new(relay.id, Numbered::Not);
        let (mut writer, mut bytes, mut written) = (begin(), 0, 0);
        for known in known {
            let outbound = told(relay, owed.channel, to, known);
            let more = record_bytes(&outbound);
            if more > longest {
                continue;
            }
            if bytes > 0 && bytes + more > PARCEL_BYTES.min(longest) {
                let parcel = std::mem::replace(&mut writer, begin()).finish();
                publish(publisher, Subject::Node(&node), parcel).await?;
                bytes = 0;
            }
            writer.push(&outbound);
            (bytes, written) = (bytes + more, written + more);
        }
        if bytes > 0 {
            publish(publisher, Subject::Node(&node), writer.finish()).await?;
        }
        Ok(written)
    }
}

/// `to` is `None` for all of the channel.
fn told(relay: &Relay, channel: usize, to: Option<&Arc<str>>, known: Known) -> Outbound {
    let Known { of, key, stamp, value } = known;
    let to = to.map_or(Destination::All, |name| Destination::Room(Arc::clone(name)));
    let channel = relay.hash(channel);
    match value {
        Some((frame, exclusions)) => Outbound {
            channel,
            to,
            class: Class::LatestElsewhere(of),
            newest: Some(Box::new(ValueOf { micros: stamp.micros, key })),
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

//! What the benchmarks and the tests of this repository look at below the public API.

use std::collections::VecDeque;
use std::time::Duration;

#[cfg(feature = "cluster")]
use bytes::Bytes;

use crate::channel::Channel;
#[cfg(feature = "cluster")]
use crate::cluster;
#[cfg(feature = "cluster")]
use crate::cluster::NodeId;
#[cfg(feature = "cluster")]
use crate::cluster::wire::{Cargo, Content, Destination, Numbered, Outbound, Parcel, ParcelWriter};
#[cfg(feature = "cluster")]
use crate::room::class::Class;
use crate::room::newest::measured;
#[cfg(feature = "cluster")]
use crate::room::outgoing::Body;
use crate::socket::hub::Hub;
use crate::socket::node::Census;
#[cfg(feature = "cluster")]
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::{Input, Limits, Parser, Role};

/// A server's parser of frames by itself.
#[derive(Debug)]
pub struct FrameReader {
    parser: Parser,
    inputs: VecDeque<Input>,
}

impl Default for FrameReader {
    fn default() -> Self {
        let limits = Limits { message: 64 * 1024, fragments: 1024 };
        Self { parser: Parser::new(Role::Server, limits), inputs: VecDeque::new() }
    }
}

impl FrameReader {
    /// Reads the next bytes of a stream and unmasks them in place. Returns how many messages and control frames they complete.
    ///
    /// # Panics
    /// If no client may send these bytes.
    pub fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.parser.feed(bytes, &mut self.inputs).expect("a valid stream");
        self.inputs.drain(..).count()
    }
}

/// How long the members' lock of a room of 10,000 was held for newest values, each time that it was, and what for.
pub fn newest_holds(bytes: usize) -> Vec<(&'static str, Duration)> {
    measured::holds(bytes)
}

/// Messages to a room on their way to another node.
#[cfg(feature = "cluster")]
#[derive(Debug)]
pub struct Relayed(Vec<Outbound>);

#[cfg(feature = "cluster")]
impl Relayed {
    /// So many messages of so many bytes.
    pub fn new(messages: usize, bytes: usize) -> Self {
        let message = |_| Outbound {
            channel: 7,
            to: Destination::Room("/chat/the lobby".into()),
            class: Class::Reliable,
            newest: None,
            mask: None,
            cargo: Cargo::Body(Body::Frame { plain: frame(Opcode::Text, &vec![b'x'; bytes]), compressed: None }),
        };
        Self((0..messages).map(message).collect())
    }

    /// As one parcel.
    pub fn write(&self) -> Bytes {
        let mut writer = ParcelWriter::new(NodeId(7), Numbered::From(1));
        for each in &self.0 {
            writer.push(each);
        }
        writer.finish()
    }

    /// Reads a parcel, and returns how many bytes its messages have.
    ///
    /// # Panics
    /// If nothing has written it.
    pub fn read(parcel: &[u8]) -> usize {
        let records = Parcel::parse(parcel).expect("it was written here");
        let bytes = records.map(|record| match record.expect("it is known").content {
            Content::Frame { plain, .. } => plain.len(),
            _ => 0,
        });
        bytes.sum()
    }
}

/// How much the registry of a hub's app holds, of all channels: to test that all is gone in the end.
pub fn census<C: Channel>(hub: &Hub<C>) -> Census {
    hub.node().census()
}

/// How much the tables of the lane of a hub's node hold.
#[cfg(feature = "cluster")]
pub fn lane_tables<C: Channel>(hub: &Hub<C>) -> cluster::Tables {
    cluster::tables(hub.node())
}

/// Sets the wall clock of a hub's app ahead of the system's, to test authority that ends.
pub fn set_clock_ahead<C: Channel>(hub: &Hub<C>, ahead: Duration) {
    hub.node().clock.set_ahead(ahead);
}

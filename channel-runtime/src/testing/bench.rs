//! What the benchmarks and the tests of this repository look at below the public API.

use std::collections::VecDeque;
use std::time::Duration;

use crate::channel::Channel;
use crate::socket::hub::Hub;
use crate::socket::node::Census;
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

/// How much the registry of a hub's app holds, of all channels: to test that all is gone in the end.
pub fn census<C: Channel>(hub: &Hub<C>) -> Census {
    hub.node().census()
}

/// Sets the wall clock of a hub's app ahead of the system's, to test authority that ends.
pub fn set_clock_ahead<C: Channel>(hub: &Hub<C>, ahead: Duration) {
    hub.node().clock.set_ahead(ahead);
}

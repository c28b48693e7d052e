//! The buses of the rows, which wait for nothing else: the tests' servers, each with a thread that reads what it prints.

#[path = "../../../../tests/support/buses.rs"]
mod buses;

use std::io;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};

use crate::node::Kind;

/// Killed when it is dropped.
pub struct Bus {
    pub kind: Kind,
    server: buses::Bus,
    runtime: Runtime,
}

impl Bus {
    pub fn start(kind: Kind) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let server = match kind {
            Kind::Nats => runtime.block_on(buses::Bus::nats()),
            Kind::Redis => runtime.block_on(buses::Bus::redis()),
        };
        Ok(Self { kind, server, runtime })
    }

    /// As the nodes take it.
    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Killed, started again, and back from then on.
    pub fn restart(&mut self) -> Instant {
        self.runtime.block_on(async {
            self.server.stop().await;
            self.server.start_again().await;
        });
        Instant::now()
    }
}

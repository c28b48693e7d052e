//! A node's connection to the simulated bus.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::wires::{Hearing, Publishing, Said, Wires};
use crate::cluster::engine::{Boxed, Engine, EngineError, Inbound, Link, Publisher, Subject, Subjects};
use crate::cluster::stamps::Clock;
use crate::connection::in_flight::WorkGuard;

pub(super) struct Network {
    pub wires: Mutex<Wires>,
    pub begun: Instant,
    /// Wires were cut or healed, or the bus has stopped or started.
    pub changed: Notify,
}

/// When a bus begins, by the clocks of its nodes.
const EPOCH: Duration = Duration::from_secs(1_700_000_000);

/// The engine of one node.
#[derive(Clone)]
pub struct SimulatedEngine {
    pub(super) network: Arc<Network>,
    pub(super) node: usize,
}

struct Speaking {
    network: Arc<Network>,
    id: u64,
}

struct Listening {
    network: Arc<Network>,
    id: u64,
    changed: Arc<Notify>,
    /// Of the parcel that was heard last: it has been delivered when the next one is asked for.
    heard: WorkGuard,
}

impl Engine for SimulatedEngine {
    fn connect<'a>(&'a self, subjects: &'a Subjects) -> Boxed<'a, Result<Link, EngineError>> {
        Box::pin(async move {
            loop {
                let changed = self.network.changed.notified();
                {
                    let mut wires = self.network.wires.lock();
                    let cuts = wires.cuts(self.node);
                    // Nobody answers behind a cut.
                    if !cuts.to_bus && !cuts.from_bus {
                        if wires.is_down {
                            return Err(EngineError::new("the simulated bus is not running"));
                        }
                        let (id, changed) = wires.connect(self.node, subjects);
                        let network = &self.network;
                        let inbound =
                            Listening { network: Arc::clone(network), id, changed, heard: WorkGuard::default() };
                        return Ok(Link {
                            publisher: Box::new(Speaking { network: Arc::clone(network), id }),
                            inbound: Box::new(inbound),
                            longest: wires.longest,
                        });
                    }
                }
                changed.await;
            }
        })
    }

    fn clock(&self) -> Clock {
        let Self { network, node } = self.clone();
        Box::new(move || {
            let ahead = network.wires.lock().ahead.get(&node).copied().unwrap_or_default();
            // The same in each run.
            let now = EPOCH + network.begun.elapsed() + ahead;
            u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
        })
    }

    fn random(&self) -> u64 {
        self.network.wires.lock().chance.number()
    }
}

impl Publisher for Speaking {
    fn publish<'a>(&'a mut self, subject: Subject<'a>, parcel: Bytes) -> Boxed<'a, Result<(), EngineError>> {
        Box::pin(async move {
            let to = match subject {
                Subject::Lane => None,
                Subject::Node(node) => Some(node.to_owned()),
            };
            let said = Said { to, parcel };
            loop {
                let changed = self.network.changed.notified();
                match self.network.wires.lock().publish(self.id, &said) {
                    Publishing::Taken => return Ok(()),
                    Publishing::Ended => return Err(ended()),
                    Publishing::Waits => {}
                }
                changed.await;
            }
        })
    }
}

impl Inbound for Listening {
    fn next(&mut self) -> Boxed<'_, Result<Bytes, EngineError>> {
        Box::pin(async move {
            loop {
                let changed = self.changed.notified();
                let hearing = self.network.wires.lock().hear(self.id);
                match hearing {
                    Hearing::Parcel(parcel, guard) => {
                        self.heard = guard;
                        return Ok(parcel);
                    }
                    Hearing::Ended => return Err(ended()),
                    Hearing::At(due) => {
                        self.heard.end();
                        tokio::select! {
                            biased;
                            () = changed => {}
                            () = sleep_until(due) => {}
                        }
                    }
                    Hearing::Waits => {
                        self.heard.end();
                        changed.await;
                    }
                }
            }
        })
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.network.wires.lock().stop_speaking(self.id);
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.network.wires.lock().stop_listening(self.id);
    }
}

fn ended() -> EngineError {
    EngineError::new("the simulated bus has ended the connection")
}

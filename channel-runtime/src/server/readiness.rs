//! Readiness: whether load balancers should send new clients here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::connection::shutdown::Shutdown;

pub(crate) struct Readiness {
    shutdown: Arc<Shutdown>,
    is_served: AtomicBool,
    awaited: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    Stopping,
    NotServed,
    Awaiting,
}

impl Readiness {
    pub fn new(shutdown: &Arc<Shutdown>) -> Self {
        Self { shutdown: Arc::clone(shutdown), is_served: AtomicBool::new(false), awaited: AtomicUsize::new(0) }
    }

    /// The channels are served, or mounted in a server.
    pub fn serve(&self) {
        self.is_served.store(true, Ordering::Release);
    }

    /// Not ready until what is returned is dropped: for what a server needs once, at its start. A bus that is away later is no
    /// reason: all nodes would leave their load balancer together.
    #[cfg_attr(not(test), allow(dead_code, reason = "one process needs nothing at its start"))]
    pub fn wait(self: &Arc<Self>) -> Awaited {
        self.awaited.fetch_add(1, Ordering::AcqRel);
        Awaited(Arc::clone(self))
    }

    pub fn check(&self) -> Result<(), NotReady> {
        if self.shutdown.has_left() {
            return Err(NotReady::Stopping);
        }
        if !self.is_served.load(Ordering::Acquire) {
            return Err(NotReady::NotServed);
        }
        if self.awaited.load(Ordering::Acquire) > 0 { Err(NotReady::Awaiting) } else { Ok(()) }
    }
}

pub(crate) struct Awaited(Arc<Readiness>);

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.awaited.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopping => "the server is stopping",
            Self::NotServed => "the channels are not served yet",
            Self::Awaiting => "the server waits for what it needs once, at its start",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_while_it_is_served_and_has_all_and_does_not_stop() {
        let shutdown = Arc::default();
        let readiness = Arc::new(Readiness::new(&shutdown));
        assert_eq!(readiness.check(), Err(NotReady::NotServed));
        readiness.serve();
        assert_eq!(readiness.check(), Ok(()));
        let [bus, cache] = [readiness.wait(), readiness.wait()];
        drop(bus);
        assert_eq!(readiness.check(), Err(NotReady::Awaiting));
        drop(cache);
        assert_eq!(readiness.check(), Ok(()));
        shutdown.start_drain();
        assert_eq!(readiness.check(), Err(NotReady::Stopping));
    }
}

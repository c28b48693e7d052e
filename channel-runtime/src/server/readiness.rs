//! Readiness: whether load balancers should send new clients here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::connection::shutdown::Shutdown;

pub(crate) struct Readiness {
    shutdown: Arc<Shutdown>,
    is_served: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    Stopping,
    NotServed,
}

impl Readiness {
    pub fn new(shutdown: &Arc<Shutdown>) -> Self {
        Self { shutdown: Arc::clone(shutdown), is_served: AtomicBool::new(false) }
    }

    /// The channels are served, or mounted in a server.
    pub fn serve(&self) {
        self.is_served.store(true, Ordering::Release);
    }

    /// A bus that is away is no reason: all nodes would leave their load balancer together.
    pub fn check(&self) -> Result<(), NotReady> {
        if self.shutdown.has_left() {
            return Err(NotReady::Stopping);
        }
        if self.is_served.load(Ordering::Acquire) { Ok(()) } else { Err(NotReady::NotServed) }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopping => "the server is stopping",
            Self::NotServed => "the channels are not served yet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_while_it_is_served_and_does_not_stop() {
        let shutdown = Arc::default();
        let readiness = Readiness::new(&shutdown);
        assert_eq!(readiness.check(), Err(NotReady::NotServed));
        readiness.serve();
        assert_eq!(readiness.check(), Ok(()));
        shutdown.start_drain();
        assert_eq!(readiness.check(), Err(NotReady::Stopping));
    }
}

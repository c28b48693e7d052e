//! Clients that were made for another wire than the channel's: refused or counted.

use std::sync::Arc;

use crate::config::outdated::Outdated;
use crate::handshake::hello::Hello;
use crate::handshake::reject::Reject;
use crate::protocol::lock::Compatibility;
use crate::session::guard::BoxFuture;
use crate::session::served::Served;
use crate::socket::node::Node;

/// What is known of the client's wire. `None` if it is the channel's, or the client does not say.
pub(crate) fn compatibility(served: &Served, hello: Option<Hello>) -> Option<Compatibility> {
    served.wire.compatibility(hello?.fingerprint?)
}

/// # Errors
/// 426 if the client's wire is broken, and such clients are refused.
pub(crate) fn check(served: &Served, hello: Option<Hello>, channel: &str) -> Result<(), Reject> {
    match compatibility(served, hello) {
        Some(Compatibility::Breaks) if served.config.outdated == Outdated::Refuse => return Err(Reject::outdated()),
        Some(Compatibility::Unknown) => {
            if let Some(count) = served.unknown.count() {
                tracing::warn!(
                    channel,
                    count,
                    "clients connect that were made for a wire which the lock does not know"
                );
            }
        }
        Some(Compatibility::Compatible | Compatibility::Breaks) | None => {}
    }
    Ok(())
}

/// Counts an outdated client while it is connected.
pub(crate) struct OutdatedGuard {
    node: Arc<Node>,
    channel: usize,
    client: Compatibility,
}

impl OutdatedGuard {
    pub fn begin(node: &Arc<Node>, channel: usize, client: Compatibility) -> Self {
        node.counters(channel).outdated(client).add(1);
        Self { node: Arc::clone(node), channel, client }
    }

    /// Beside the session and not within it, which would cost each client the room for it.
    pub async fn during(self, session: BoxFuture<'static, ()>) {
        session.await;
    }
}

impl Drop for OutdatedGuard {
    fn drop(&mut self) {
        self.node.counters(self.channel).outdated(self.client).take(1);
    }
}

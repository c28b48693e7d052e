//! The warnings that clients of this node alone are asked, or counted, while other nodes of the cluster have clients too. Each is
//! logged once for each type of a message.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::channel::Channel;
use crate::room::outgoing::Outgoing;
use crate::socket::node::Node;

/// Of a channel and a type of its messages.
type Warned = Mutex<BTreeSet<(&'static str, &'static str)>>;

/// Whether other nodes have clients.
#[inline]
pub(super) fn is_one_of_several(node: &Node) -> bool {
    node.registry.outgoing().is_some_and(Outgoing::others_serve)
}

/// An audience is asked.
pub(super) fn warn_of_asking<C: Channel>(node: &Node, kind: &'static str) {
    static WARNED: Warned = Mutex::new(BTreeSet::new());
    if is_one_of_several(node) && WARNED.lock().insert((C::NAME, kind)) {
        tracing::warn!(
            channel = C::NAME,
            kind,
            "the clients of this node alone are asked, and other nodes have clients too: to ask all, `notify` the audience, \
             and ask in the notice's handler by `socket.ask(..)`"
        );
    }
}

/// A message was made from the number of a room's members, and other nodes have clients.
pub(super) fn warn_of_counting(channel: &'static str, kind: &'static str) {
    static WARNED: Warned = Mutex::new(BTreeSet::new());
    if WARNED.lock().insert((channel, kind)) {
        tracing::warn!(
            channel,
            kind,
            "`room.len()` in `send_with` is the number of members on this node alone, and other nodes have clients too: \
             `.everywhere().len()`, awaited before, counts all"
        );
    }
}

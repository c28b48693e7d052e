//! A frame into one client's outbox, compressed if that was agreed, and counted.

use crate::connection::outbox::{Enqueued, Sender};
use crate::room::member::Member;
use crate::room::sent::Sent;
use crate::socket::node::Node;
use crate::wire::deflate::{PreparedFrame, Windows};
use crate::wire::frame::Frame;

#[inline]
pub(crate) fn push_frame(node: &Node, member: &Member, frame: Frame) -> Sent {
    let deflate = member.deflate;
    let frame = match node.compression() {
        Some(compression) => PreparedFrame::new(frame, Windows::of([deflate]), compression),
        None => PreparedFrame::plain(frame),
    };
    pushed(node, member, member.outbox().push(frame.into_one(deflate), Sender::Own))
}

#[inline]
pub(crate) fn pushed(node: &Node, member: &Member, pushed: Enqueued) -> Sent {
    if pushed == Enqueued::MustFlush {
        // Never so in the client's own handler, during which its outbox is corked.
        member.outbox().wake_owner();
    }
    let mut sent = Sent::default();
    sent.count(pushed != Enqueued::Refused);
    node.counters(member.channel()).send(sent);
    sent
}

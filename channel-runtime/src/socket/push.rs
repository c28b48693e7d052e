//! A frame into one client's outbox, compressed if that was agreed, and counted.

use crate::connection::outbox::{Enqueued, Sender};
use crate::room::class::Class;
use crate::room::member::Member;
use crate::room::sent::Sent;
use crate::socket::node::Node;
use crate::wire::deflate::{PreparedFrame, Windows};
use crate::wire::frame::Frame;

#[inline]
pub(crate) fn push_frame(node: &Node, member: &Member, frame: Frame) -> Sent {
    pushed(node, member, member.outbox().push(for_one(node, member, frame), Sender::Own))
}

/// The frame as this client reads it.
#[inline]
pub(crate) fn for_one(node: &Node, member: &Member, frame: Frame) -> Frame {
    let deflate = member.deflate;
    match node.compression() {
        Some(compression) => PreparedFrame::new(frame, Windows::of([deflate]), compression).into_one(deflate),
        None => frame,
    }
}

/// If the client takes it at this moment.
pub(crate) fn offer_frame(node: &Node, member: &Member, frame: Frame, class: Class) -> Sent {
    let deflate = member.deflate;
    let frame = match node.compression() {
        Some(compression) => PreparedFrame::new(frame, Windows::of([deflate]), compression),
        None => PreparedFrame::plain(frame),
    };
    let offered = member.outbox().offer(frame.of(deflate), Sender::Own);
    if offered == Some(Enqueued::MustFlush) {
        member.outbox().wake_owner();
    }
    count_offered(node, member, offered, class)
}

/// To a client that takes nothing: the frame is not made.
pub(crate) fn not_offered(node: &Node, member: &Member, class: Class) -> Sent {
    count_offered(node, member, None, class)
}

fn count_offered(node: &Node, member: &Member, offered: Option<Enqueued>, class: Class) -> Sent {
    let mut sent = Sent::default();
    sent.count_offered(offered);
    node.counters(member.channel()).send(sent, class);
    sent
}

#[inline]
pub(crate) fn pushed(node: &Node, member: &Member, pushed: Enqueued) -> Sent {
    if pushed == Enqueued::MustFlush {
        // Never so in the client's own handler, during which its outbox is corked.
        member.outbox().wake_owner();
    }
    let mut sent = Sent::default();
    sent.count(pushed != Enqueued::Refused);
    node.counters(member.channel()).send(sent, Class::Reliable);
    sent
}

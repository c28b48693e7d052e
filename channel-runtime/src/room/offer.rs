//! The fan-out of a volatile frame: it is pushed to the outboxes of the recipients that take it at that moment, and to no others.
//!
//! It is pushed under the members' lock as any other, so that it has its place in the room's order. Its sender is charged for nothing.

use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::outbox::{Enqueued, Sender};
use crate::room::exclusions::Exclusions;
use crate::room::flush_queue::Tasks;
use crate::room::live_room::Inner;
use crate::room::member::Member;
use crate::room::outgoing::{Body, Sending};
use crate::room::sent::Sent;
use crate::wire::deflate::PreparedFrame;

pub(super) fn offer_to_members(
    inner: &mut Inner,
    frame: &PreparedFrame,
    sending: &Sending<'_>,
    mut admits: impl FnMut(&Member) -> bool,
) -> (Sent, Tasks) {
    let Inner { members, flushing, log, .. } = inner;
    let log = log.as_ref();
    let excluded = log.map_or_else(Vec::new, |log| log.excluded(sending.exclusions));
    // One that has come back meanwhile is the one that was here.
    let is_excluded = |member: &Member| match log {
        Some(log) if !excluded.is_empty() => excluded.contains(&log.session(member.id)),
        _ => false,
    };
    let admits = |member: &Member| !is_excluded(member) && admits(member);
    let mut sent =
        offer_each(sending.exclusions, members.iter(), frame, admits, |member, pushed| flushing.pushed(member, pushed));
    sent.elsewhere = sending.leave(|| Body::of(frame));
    (sent, flushing.sent(None, frame.len()))
}

pub(super) fn offer_each<'a>(
    exclusions: &Exclusions,
    members: impl Iterator<Item = (u64, &'a Arc<Member>)>,
    frame: &PreparedFrame,
    mut admits: impl FnMut(&Member) -> bool,
    mut pushed: impl FnMut(&Arc<Member>, Enqueued),
) -> Sent {
    let mut sent = Sent::default();
    let (is_for_all, sender) = (exclusions.is_empty(), exclusions.sender.map(ConnectionId::serial));
    for (serial, member) in members {
        if (is_for_all || member.is_meant(exclusions)) && admits(member) {
            let from = if sender == Some(serial) { Sender::Own } else { Sender::Others };
            let offered = member.outbox().offer(frame.of(member.deflate), from);
            if let Some(offered) = offered {
                pushed(member, offered);
            }
            sent.count_offered(offered);
        }
    }
    sent
}

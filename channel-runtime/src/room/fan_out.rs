//! The fan-out of a frame: it is pushed to each recipient's outbox, and what has to write it is started.
//!
//! The pushes are synchronous and under the members' lock, so that frames, joins and leaves have one order for all audiences.

#[cfg(all(test, feature = "deflate"))]
mod tests;

use std::sync::Arc;

use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::outbox::{Enqueued, Sender};
use crate::room::exclusions::Exclusions;
use crate::room::flush_queue::Tasks;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::log::Log;
use crate::room::member::Member;
use crate::room::offer::offer_to_members;
use crate::room::outgoing::{Body, Sending};
use crate::room::reentrancy::Inside;
use crate::room::sent::Sent;
use crate::wire::deflate::PreparedFrame;

impl LiveRoom {
    pub fn send(
        self: &Arc<Self>,
        frame: PreparedFrame,
        sending: &Sending<'_>,
        admits: impl FnMut(&Member) -> bool,
    ) -> Sent {
        let (sent, tasks) = push_to_members(&mut self.lock(), frame, sending, admits);
        self.start(tasks);
        sent
    }

    /// Makes the frame under the members' lock, from their number.
    pub fn send_with<E>(
        self: &Arc<Self>,
        sending: &Sending<'_>,
        make: impl FnOnce(usize) -> Result<PreparedFrame, E>,
    ) -> Result<Sent, E> {
        let mut inner = self.lock();
        let frame = {
            let _inside = Inside::send_with();
            make(inner.members.len())?
        };
        let (sent, tasks) = push_to_members(&mut inner, frame, sending, |_| true);
        drop(inner);
        self.start(tasks);
        Ok(sent)
    }
}

fn push_to_members(
    inner: &mut Inner,
    mut frame: PreparedFrame,
    sending: &Sending<'_>,
    mut admits: impl FnMut(&Member) -> bool,
) -> (Sent, Tasks) {
    if sending.class.is_volatile() {
        return offer_to_members(inner, &frame, sending, admits);
    }
    let Inner { members, flushing, log, .. } = inner;
    let excluded = log.as_ref().map_or_else(Vec::new, |log| log.excluded(sending.exclusions));
    // Other nodes have numbers of their own.
    let elsewhere = match log {
        None => None,
        Some(log) => {
            let body = sending.outgoing.is_some().then(|| Body::of(&frame.without_forms()));
            if sending.class.is_reliable() {
                record(log, &mut frame, sending.exclusions);
            }
            body
        }
    };
    let pushed = |member: &Arc<Member>, pushed| flushing.pushed(member, pushed);
    let mut sent = match log {
        // One that has come back meanwhile is the one that was here.
        Some(log) if !excluded.is_empty() => {
            let admits = |member: &Member| !excluded.contains(&log.session(member.id)) && admits(member);
            push_each(sending.exclusions, members.iter(), &frame, admits, pushed)
        }
        _ => push_each(sending.exclusions, members.iter(), &frame, admits, pushed),
    };
    sent.elsewhere = sending.leave(|| elsewhere.unwrap_or_else(|| Body::of(&frame)));
    (sent, flushing.sent(sending.publisher, frame.len()))
}

/// Only messages in JSON have a place for a number, and are kept.
fn record(log: &mut Log, frame: &mut PreparedFrame, exclusions: &Exclusions) {
    if frame.plain_form().has_place() {
        frame.number(log.next());
        log.push(frame.plain_form().clone(), exclusions, Instant::now());
    }
}

pub(super) fn push_each<'a>(
    exclusions: &Exclusions,
    connections: impl Iterator<Item = (u64, &'a Arc<Member>)>,
    frame: &PreparedFrame,
    mut admits: impl FnMut(&Member) -> bool,
    mut pushed: impl FnMut(&Arc<Member>, Enqueued),
) -> Sent {
    let mut sent = Sent::default();
    let (is_for_all, sender) = (exclusions.is_empty(), exclusions.sender.map(ConnectionId::serial));
    for (serial, connection) in connections {
        if (is_for_all || connection.is_meant(exclusions)) && admits(connection) {
            let own = sender == Some(serial);
            let frame = frame.of(connection.deflate);
            let outcome = connection.outbox().push(frame.clone(), if own { Sender::Own } else { Sender::Others });
            pushed(connection, outcome);
            sent.count(outcome != Enqueued::Refused);
        }
    }
    sent
}

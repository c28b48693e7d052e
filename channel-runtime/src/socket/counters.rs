//! What has happened on a channel since the server began, in numbers.
//!
//! Each is one addition where it happens; whoever wants to know adds nothing but the reading. What is received and what is sent
//! stand close together: apart, in cache lines of their own, they were no faster, for whoever receives also sends.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::fault::Fault;
use crate::room::sent::Sent;
use crate::wire::close::ClosedBy;

/// What happened on one channel.
pub(crate) struct Counters {
    pub channel: &'static str,
    types: &'static [&'static str],
    /// As many as there are types.
    received: Box<[Count]>,
    pub binary: Count,
    pub invalid: Count,
    pub rate_limited: Count,
    pub sent: Count,
    pub refused: Count,
    faults: [Count; Fault::OWN.len() + 1],
    ended: [Count; ClosedBy::ALL.len()],
}

/// How often something happened. Relaxed: nobody concludes from one number what another must be.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// For the channel of this name, whose handlers take these types of message.
    pub fn new(channel: &'static str, types: &'static [&'static str]) -> Self {
        Self {
            channel,
            types,
            received: types.iter().map(|_| Count::default()).collect(),
            binary: Count::default(),
            invalid: Count::default(),
            rate_limited: Count::default(),
            sent: Count::default(),
            refused: Count::default(),
            faults: Default::default(),
            ended: Default::default(),
        }
    }

    /// A message of the type at this place.
    pub fn receive(&self, place: usize) {
        self.received[place].add(1);
    }

    /// Of each type, in the order of the handlers.
    pub fn received(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.types.iter().zip(&self.received).map(|(name, count)| (*name, count.get()))
    }

    pub fn send(&self, sent: Sent) {
        self.sent.add(sent.recipients - sent.refused);
        self.refuse(sent);
    }

    /// What of it was refused.
    pub fn refuse(&self, sent: Sent) {
        if sent.refused > 0 {
            self.refused.add(sent.refused);
        }
    }

    pub fn fault(&self, fault: &Fault) {
        let place = Fault::OWN.iter().position(|own| *own == fault.code).unwrap_or(Fault::OWN.len());
        self.faults[place].add(1);
    }

    /// By code. The application's own are one: there may be as many as there are texts.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Fault::OWN.into_iter().chain(["application"]).zip(&self.faults).map(|(code, count)| (code, count.get()))
    }

    pub fn end(&self, by: ClosedBy) {
        self.ended[by as usize].add(1);
    }

    pub fn ended(&self, by: ClosedBy) -> u64 {
        self.ended[by as usize].get()
    }
}

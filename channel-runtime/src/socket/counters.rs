//! A channel's counters since the server started: messages, faults, ends of connections; and what is known of it without its type.
//!
//! An event costs one addition. Received and sent share a cache line: apart they were no faster, because a receiver also sends.

use crate::channel::Channel;
use crate::protocol::envelope::{Envelope, ErasedEnvelope, erased};
use crate::protocol::fault::Fault;
use crate::protocol::lock::Compatibility;
use crate::protocol::message::Messages as _;
use crate::protocol::subprotocols::Subprotocols;
use crate::room::class::Class;
use crate::room::sent::Sent;
use crate::socket::count::Count;
use crate::socket::drops::Drops;
use crate::wire::close::ClosedBy;

pub(crate) struct Counters {
    pub channel: &'static str,
    types: &'static [&'static str],
    /// The channel has an `on_text`: its clients read no error frames.
    pub takes_text: bool,
    /// Whether an answer can name its message. If not, a client would go on as if a message that was refused had been handled.
    pub names_messages: bool,
    pub subprotocols: Subprotocols,
    pub envelope: &'static dyn ErasedEnvelope,
    received: Box<[Count]>,
    pub text: Count,
    pub binary: Count,
    pub invalid: Count,
    pub rate_limited: Count,
    pub sent: Count,
    pub refused: Count,
    pub unwritten: Count,
    pub unmatched_answers: Count,
    pub said_again: Count,
    pub drops: Drops,
    faults: [Count; Fault::OWN.len() + 1],
    ended: [Count; ClosedBy::ALL.len()],
    /// Connected now.
    outdated: [Count; Compatibility::ALL.len()],
}

impl Counters {
    pub fn of<C: Channel>() -> Self {
        let types = C::FromClient::TYPES;
        Self {
            channel: C::NAME,
            types,
            takes_text: C::TAKES_TEXT,
            names_messages: !C::TAKES_TEXT && C::Envelope::PLACES.has_answers(),
            subprotocols: C::KNOWN_SUBPROTOCOLS,
            envelope: erased::<C::Envelope>(),
            received: types.iter().map(|_| Count::default()).collect(),
            text: Count::default(),
            binary: Count::default(),
            invalid: Count::default(),
            rate_limited: Count::default(),
            sent: Count::default(),
            refused: Count::default(),
            unwritten: Count::default(),
            unmatched_answers: Count::default(),
            said_again: Count::default(),
            drops: Drops::of(C::ToClient::SHAPES),
            faults: Default::default(),
            ended: Default::default(),
            outdated: Default::default(),
        }
    }

    pub fn receive(&self, place: usize) {
        self.received[place].add(1);
    }

    pub fn received(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.types.iter().zip(&self.received).map(|(name, count)| (*name, count.get()))
    }

    pub fn send(&self, sent: Sent, class: Class) {
        self.sent.add(sent.recipients - sent.refused - sent.dropped);
        self.refuse(sent);
        if sent.dropped + sent.replaced > 0 {
            self.drops.add(self.channel, class, sent);
        }
        if sent.too_many_keys {
            self.drops.refuse_key(self.channel, class);
        }
    }

    pub fn refuse(&self, sent: Sent) {
        if sent.refused > 0 {
            self.refused.add(sent.refused);
        }
    }

    pub fn fault(&self, fault: &Fault) {
        let place = Fault::OWN.iter().position(|own| *own == fault.code).unwrap_or(Fault::OWN.len());
        self.faults[place].add(1);
    }

    /// The application's own codes share one counter, because any text may be one.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Fault::OWN.into_iter().chain(["application"]).zip(&self.faults).map(|(code, count)| (code, count.get()))
    }

    pub fn outdated(&self, client: Compatibility) -> &Count {
        &self.outdated[client as usize]
    }

    pub fn end(&self, by: ClosedBy) {
        self.ended[by as usize].add(1);
    }

    pub fn ended(&self, by: ClosedBy) -> u64 {
        self.ended[by as usize].get()
    }
}

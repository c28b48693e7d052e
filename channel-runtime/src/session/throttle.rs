//! What one connection has said of what it may say in a time: frames of any kind, and messages of the types that have a rate.
//!
//! Frames are counted by the parser. They are held against the rate in lots, so that the clock is looked at seldom: as many as
//! are sure to pass, and a quarter of what may come at once, need no look.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::config::Config;
use crate::config::bucket::{Meter, Metered};
use crate::connection::outbox::Sender;
use crate::connection::receiver::{Checkpoint, Receiver};
use crate::protocol::codec::{self, Head};
use crate::protocol::describe::parts::RateShape;
use crate::protocol::fault::Fault;
use crate::room::member::Member;
use crate::session::quota::{Quotas, Subject};
use crate::session::served::Served;
use crate::socket::counters::Counters;
use crate::socket::frames::fault_frame;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::parser::Input;

/// Made for a connection when something is first held against it.
pub(crate) struct Throttle {
    frames: Meter,
    /// When frames were last held against the rate.
    counted_at: Option<Instant>,
    /// So many frames may come before they are.
    due: u32,
    /// Those of a user, where the connection has none.
    as_user: Meter,
    /// By the place of the type; as long as the last one that was counted.
    types: Vec<Meter>,
    /// A refusal without a `ref` was told, and nothing has passed since: of frames, and of messages of types with rates.
    has_told: [bool; 2],
}

/// What became of what was held against its rate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Passes,
    /// Some of it was too much, and is refused.
    Refused,
    /// A binary message was too much. No answer could say which one, and the client would go on as if the server had it.
    BinaryLost,
    /// So much was refused that its client is sent away.
    Abuse,
}

/// What a message was refused as.
#[derive(Clone, Copy)]
enum Refused {
    /// A frame too many.
    Frame,
    /// A message of its type too many.
    Message,
}

impl Held {
    fn refused(metered: &Metered) -> Self {
        if metered.is_abuse { Self::Abuse } else { Self::Refused }
    }

    /// How the connection ends, where it does.
    pub fn close(self) -> Option<Close> {
        let reason = match self {
            Self::Passes | Self::Refused => return None,
            Self::BinaryLost => "too many messages: a binary message was refused",
            Self::Abuse => "too many messages",
        };
        Some(Close::new(ClosedBy::RateLimited, CloseCode::POLICY, reason))
    }
}

impl Throttle {
    pub fn new(config: &Config) -> Self {
        Self {
            frames: Meter::default(),
            counted_at: None,
            due: Self::first_due(config),
            as_user: Meter::default(),
            types: Vec::new(),
            has_told: [false; 2],
        }
    }

    /// So many frames of a connection pass before the first look at the clock.
    pub fn first_due(config: &Config) -> u32 {
        match (config.message_rate, config.message_rate_per_user) {
            (_, Some(_)) => 0,
            (Some(rate), None) => rate.at_once() / 4,
            (None, None) => u32::MAX,
        }
    }

    /// So many frames may come before they are counted.
    pub fn due(&self) -> u32 {
        self.due
    }

    /// Holds the frames that have come since they were last counted against their rate, and refuses of the last read, which had
    /// this before it, what came last.
    pub fn hold_frames(
        &mut self,
        receiver: &mut Receiver,
        before: &Checkpoint,
        served: &Served,
        connection: &Member,
    ) -> Held {
        let latest = receiver.take_frames() - before.frames;
        let metered = self.count_frames((before.frames, latest), &served.config, &served.quotas, connection);
        if metered.refused == 0 {
            return Held::Passes;
        }
        let counters = served.node.counters(connection.channel);
        for input in receiver.refuse(metered.refused, before) {
            match input {
                Input::Text(text) => self.refuse(&text, Refused::Frame, metered.wait, connection, counters),
                Input::Binary(_) => {
                    counters.rate_limited.add(1);
                    return Held::BinaryLost;
                }
                Input::Ping(_) | Input::Pong(_) | Input::Close(_) => {}
            }
        }
        Held::refused(&metered)
    }

    /// Holds a message of the type at this place against its rate.
    pub fn hold_message(
        &mut self,
        text: &str,
        index: usize,
        rate: RateShape,
        served: &Served,
        connection: &Member,
    ) -> Held {
        let metered = self.count_message(index, rate, &served.quotas, connection);
        if metered.refused == 0 {
            return Held::Passes;
        }
        self.refuse(text, Refused::Message, metered.wait, connection, served.node.counters(connection.channel));
        Held::refused(&metered)
    }

    /// Counts the frames that have come since the last count: how many of the `latest`, those of the last read, may not pass. The
    /// `earlier` ones have passed, and count as if they had come when frames were last counted.
    fn count_frames(
        &mut self,
        (earlier, latest): (u32, u32),
        config: &Config,
        quotas: &Quotas,
        connection: &Member,
    ) -> Metered {
        let now = tokio::time::Instant::now().into_std();
        let mut metered = Metered { passed: latest, refused: 0, wait: Duration::ZERO, is_abuse: false };
        self.due = u32::MAX;
        if let Some(rate) = config.message_rate {
            // What came before the first look at the clock came for nothing.
            if let Some(counted_at) = self.counted_at.replace(now) {
                self.frames.count(rate, earlier, counted_at);
            }
            metered = self.frames.count(rate, latest, now);
            self.due = self.frames.left(rate, now).min(rate.at_once() / 4);
        }
        if let Some(rate) = config.message_rate_per_user {
            let of = config.counts_users_apart.then_some(connection.channel);
            let of_user = match &connection.user {
                Some(user) => quotas.count(user, Subject::Frames { of }, rate, metered.passed, now),
                None => self.as_user.count(rate, metered.passed, now),
            };
            metered = metered.and(of_user);
            self.due = 0;
        }
        self.has_told[Refused::Frame as usize] &= metered.refused > 0;
        metered
    }

    /// Counts a message of the type at this place, whose rate this is.
    fn count_message(&mut self, index: usize, shape: RateShape, quotas: &Quotas, connection: &Member) -> Metered {
        let now = tokio::time::Instant::now().into_std();
        let metered = match &connection.user {
            Some(user) if shape.per_user => {
                let subject = Subject::Messages { channel: connection.channel, index };
                quotas.count(user, subject, shape.into(), 1, now)
            }
            _ => {
                if self.types.len() <= index {
                    self.types.resize(index + 1, Meter::default());
                }
                self.types[index].count(shape.into(), 1, now)
            }
        };
        self.has_told[Refused::Message as usize] &= metered.refused > 0;
        metered
    }

    /// Answers a message that may not pass: one with a `ref` always, and of those in a row that have none the first. Nothing more
    /// of it is read.
    fn refuse(&mut self, text: &str, refused: Refused, wait: Duration, connection: &Member, counters: &Counters) {
        counters.rate_limited.add(1);
        let reference = codec::reference(text);
        if reference.is_none() && std::mem::replace(&mut self.has_told[refused as usize], true) {
            return;
        }
        // A client that comes back at once comes back in vain.
        let wait = wait.as_nanos().div_ceil(1_000_000).max(1);
        let fault =
            Fault::new(Fault::RATE_LIMITED, "too many messages").with_details(json!({ "retry_after_ms": wait as u64 }));
        counters.fault(&fault);
        let frame = fault_frame(&fault, Head { reference: reference.as_ref(), room: None });
        // Drained before the session rests. Refused only when the connection ends, and then nobody waits for it.
        let _ = connection.outbox().push(frame, Sender::Own);
    }
}

//! Rate limits of one connection: for frames of any kind, and for messages of types that have a rate.
//!
//! Frames are counted in lots: the clock is not read for as many as are sure to pass, at most a quarter of a burst.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::config::Config;
use crate::config::bucket::{Meter, Metered};
use crate::connection::contained::contain;
use crate::connection::outbox::Sender;
use crate::connection::receiver::{Checkpoint, Receiver};
use crate::protocol::codec::Head;
use crate::protocol::describe::parts::RateShape;
use crate::protocol::fault::Fault;
use crate::room::member::Member;
use crate::session::quota::{Quotas, Subject};
use crate::session::served::Served;
use crate::socket::answer_array::AnswerArray;
use crate::socket::frames::timestamp;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::Input;

pub(crate) struct Throttle {
    frames: Meter,
    /// When frames were last counted. `None` before.
    counted_at: Option<Instant>,
    /// Frames until the next count.
    due: u32,
    /// For the rate of a user, if the connection has no user.
    as_user: Meter,
    /// By the place of the message type, up to the last type that was counted.
    types: Vec<Meter>,
    /// A message without a `ref` has been answered, and nothing has passed since: for frames, and for messages of types with rates.
    has_answered: [bool; 2],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateDecision {
    Passes,
    Refused,
    /// A binary message was refused. No answer could say which one, and the client would go on as if the server had it.
    BinaryLost,
    /// As `BinaryLost`, of a text.
    TextLost,
    Abuse,
}

/// Whose message is counted.
#[derive(Clone, Copy)]
pub(crate) struct RatedClient<'a> {
    pub served: &'a Served,
    pub connection: &'a Arc<Member>,
    /// For the answer to a message in a batch.
    pub answers: Option<&'a Arc<AnswerArray>>,
}

#[derive(Clone, Copy)]
enum RefusedBy {
    Frames,
    Messages,
}

#[derive(Clone, Copy)]
struct FrameCount {
    before_this_read: u32,
    this_read: u32,
}

impl RateDecision {
    fn refused(metered: &Metered) -> Self {
        if metered.is_abuse { Self::Abuse } else { Self::Refused }
    }

    pub fn close(self) -> Option<Close> {
        let reason = match self {
            Self::Passes | Self::Refused => return None,
            Self::BinaryLost => "too many messages: a binary message was refused",
            Self::TextLost => "too many messages: a text was refused",
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
            has_answered: [false; 2],
        }
    }

    /// Frames that pass before the clock is first read.
    pub fn first_due(config: &Config) -> u32 {
        match (config.message_rate, config.message_rate_per_user) {
            (_, Some(_)) => 0,
            (Some(rate), None) => rate.at_once() / 4,
            (None, None) => u32::MAX,
        }
    }

    pub fn due(&self) -> u32 {
        self.due
    }

    /// Refuses the last frames of the last read if there are too many. `before` is the receiver's state before that read.
    pub fn count_read(
        &mut self,
        receiver: &mut Receiver,
        before: &Checkpoint,
        served: &Served,
        connection: &Arc<Member>,
        now: Instant,
    ) -> RateDecision {
        let frames = FrameCount { before_this_read: before.frames, this_read: receiver.take_frames() - before.frames };
        let metered = self.count_frames(frames, served, connection, now);
        if metered.refused == 0 {
            return RateDecision::Passes;
        }
        let counters = served.node.counters(connection.channel());
        for input in receiver.refuse(metered.refused, before) {
            match input {
                Input::Text(_) if !counters.names_messages => {
                    counters.rate_limited.add(1);
                    return RateDecision::TextLost;
                }
                Input::Text(text) => {
                    let client = RatedClient { served, connection, answers: None };
                    self.refuse(&text, RefusedBy::Frames, metered.wait, client);
                }
                Input::Binary(_) => {
                    counters.rate_limited.add(1);
                    return RateDecision::BinaryLost;
                }
                Input::Ping(_) | Input::Pong(_) | Input::Close(_) => {}
            }
        }
        RateDecision::refused(&metered)
    }

    /// A message that is refused has been answered.
    pub fn check_message(
        &mut self,
        text: &str,
        index: usize,
        rate: RateShape,
        client: RatedClient<'_>,
        now: Instant,
    ) -> RateDecision {
        let metered = self.count_message(index, rate, &client.served.quotas, client.connection, now);
        if metered.refused == 0 {
            return RateDecision::Passes;
        }
        let counters = client.served.node.counters(client.connection.channel());
        if !counters.names_messages {
            counters.rate_limited.add(1);
            return RateDecision::TextLost;
        }
        self.refuse(text, RefusedBy::Messages, metered.wait, client);
        RateDecision::refused(&metered)
    }

    /// A binary message has no `ref`, so that no answer could name the one that is refused: see [`RateDecision::BinaryLost`].
    pub fn check_binary(
        &mut self,
        index: usize,
        rate: RateShape,
        served: &Served,
        connection: &Member,
        now: Instant,
    ) -> RateDecision {
        if self.count_message(index, rate, &served.quotas, connection, now).refused == 0 {
            return RateDecision::Passes;
        }
        served.node.counters(connection.channel()).rate_limited.add(1);
        RateDecision::BinaryLost
    }

    /// Frames before the last read count as if they had arrived when frames were last counted.
    fn count_frames(&mut self, frames: FrameCount, served: &Served, connection: &Member, now: Instant) -> Metered {
        let Served { config, quotas, .. } = served;
        let mut metered = Metered { passed: frames.this_read, refused: 0, wait: Duration::ZERO, is_abuse: false };
        self.due = u32::MAX;
        if let Some(rate) = config.message_rate {
            // Frames before the first look at the clock cost nothing.
            if let Some(counted_at) = self.counted_at.replace(now) {
                self.frames.count(rate, frames.before_this_read, counted_at);
            }
            metered = self.frames.count(rate, frames.this_read, now);
            self.due = self.frames.left(rate, now).min(rate.at_once() / 4);
        }
        if let Some(rate) = config.message_rate_per_user {
            let of = config.counts_users_apart.then_some(connection.channel());
            let of_user = match &connection.user {
                Some(user) => quotas.count(user, Subject::Frames { of }, rate, metered.passed, now),
                None => self.as_user.count(rate, metered.passed, now),
            };
            metered = metered.and(of_user);
            self.due = 0;
        }
        self.has_answered[RefusedBy::Frames as usize] &= metered.refused > 0;
        metered
    }

    fn count_message(
        &mut self,
        index: usize,
        shape: RateShape,
        quotas: &Quotas,
        connection: &Member,
        now: Instant,
    ) -> Metered {
        let metered = match &connection.user {
            Some(user) if shape.per_user => {
                let subject = Subject::Messages { channel: connection.channel(), index };
                quotas.count(user, subject, shape.into(), 1, now)
            }
            _ => {
                if self.types.len() <= index {
                    self.types.resize(index + 1, Meter::default());
                }
                self.types[index].count(shape.into(), 1, now)
            }
        };
        self.has_answered[RefusedBy::Messages as usize] &= metered.refused > 0;
        metered
    }

    /// Only the `ref` of the text is read. Of several refused messages without one in a row, only the first is answered.
    fn refuse(&mut self, text: &str, by: RefusedBy, wait: Duration, client: RatedClient<'_>) {
        let RatedClient { served, connection, answers } = client;
        let counters = served.node.counters(connection.channel());
        if answers.is_none()
            && let Ok(Some(texts)) = contain(|| counters.envelope.batch(text))
        {
            let answers = AnswerArray::new(&served.node, connection, &Arc::default());
            for text in texts {
                self.refuse(text, by, wait, RatedClient { answers: Some(&answers), ..client });
            }
            return;
        }
        counters.rate_limited.add(1);
        // Another envelope's `read` and `write` may be the user's code, and panic.
        let reference = contain(|| counters.envelope.reference(text)).ok().flatten();
        if reference.is_none() && std::mem::replace(&mut self.has_answered[by as usize], true) {
            return;
        }
        // At least 1 ms: a message sent again at once would be refused again.
        let wait = wait.as_nanos().div_ceil(1_000_000).max(1);
        let fault =
            Fault::new(Fault::RATE_LIMITED, "too many messages").with_details(json!({ "retry_after_ms": wait as u64 }));
        counters.fault(&fault);
        let (head, path) = (Head { reference: reference.as_ref(), room: None }, connection.own_room.name());
        let mut json = Vec::new();
        let written = contain(|| counters.envelope.fault(&fault, &timestamp(), head, path, &mut json));
        match (written, answers) {
            (Ok(Ok(())), Some(answers)) => answers.append(&json),
            // Written before the session waits. Refused only if the connection ends.
            (Ok(Ok(())), None) => _ = connection.outbox().push(frame(Opcode::Text, &json), Sender::Own),
            (Ok(Err(_)) | Err(_), _) => counters.unwritten.add(1),
        }
    }
}

/// By tokio's clock, which tests may pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

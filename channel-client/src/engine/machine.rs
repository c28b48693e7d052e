//! The states, and what moves from one to the next.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::Fault;
use tokio::time::Instant;

use super::dial::{Dial, Why, offers};
use super::orders::{Action, Greeting, News, Settings};
use super::pace::Paces;
use super::pending::Pending;
use super::positions::Positions;
use super::status::{CloseBy, Ended, Status};

/// The connection, `$hello` and `$joined` included.
const CONNECT: Duration = Duration::from_secs(15);
/// Of a server that says neither: after the handshake.
const ENTER: Duration = Duration::from_millis(300);
/// In for so long, the tries are counted anew.
const UPTIME: Duration = Duration::from_secs(5);
/// The server's ping interval, if it does not say.
const SILENCE: Duration = Duration::from_secs(25);
/// After a probe that the program asked for.
const QUICK_PROBE: Duration = Duration::from_secs(5);
/// What is given to the connection and is not written.
const UNWRITTEN: usize = 256 * 1024;

/// The connection of one client.
pub(crate) struct Engine {
    pub(super) settings: Settings,
    pub(super) status: Status,
    /// Whether there is a connection, or one is made.
    pub(super) is_dialing: bool,
    pub(super) is_connected: bool,
    /// How many there were.
    pub(super) connections: u64,
    pub(super) attempt: u32,
    pub(super) last_ref: i64,
    pub(super) pending: Pending,
    pub(super) paces: Paces,
    pub(super) positions: Positions,
    /// Whether the server recognizes a message that is sent again.
    pub(super) recognizes: bool,
    pub(super) actions: VecDeque<Action>,
    /// What is told after the client has greeted. `None` if it does not greet now.
    pub(super) behind_greeting: Option<Vec<Action>>,
    pub(super) most: Option<usize>,
    /// Of the last frame that was not the framework's, if it was an error without `ref`.
    pub(super) fault: Option<Fault>,
    /// Where the server moves the client when this connection has ended.
    pub(super) moves_to: Option<String>,
    /// Where it has moved it.
    pub(super) path: Option<String>,
    pub(super) after: Duration,
    pub(super) window: Duration,
    pub(super) not_before: Option<Instant>,
    pub(super) token: Option<String>,
    pub(super) expires: Option<Instant>,
    /// The `ref` of the last `$auth`.
    pub(super) auth: Option<i64>,
    pub(super) asking: Option<Why>,
    pub(super) awaits_token: bool,
    /// How the server refused the last token.
    pub(super) refused: Option<Ended>,
    pub(super) silence: Duration,
    pub(super) heard: Instant,
    unwritten: usize,
    pub(super) timers: Timers,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    pub next: Option<Instant>,
    pub connect: Option<Instant>,
    pub enter: Option<Instant>,
    pub uptime: Option<Instant>,
    pub watch: Option<Instant>,
    /// When the probe was sent that `watch` waits for.
    pub probed: Option<Instant>,
    pub pace: Option<Instant>,
}

impl Engine {
    pub fn new(mut settings: Settings, now: Instant) -> Self {
        Self {
            token: settings.token.take(),
            status: Status::Idle,
            is_dialing: false,
            is_connected: false,
            connections: 0,
            attempt: 0,
            last_ref: 0,
            pending: Pending::default(),
            paces: Paces::default(),
            positions: settings.position.take().map_or_else(Positions::default, |at| Positions::of_page(&at)),
            recognizes: false,
            actions: VecDeque::new(),
            behind_greeting: None,
            most: None,
            fault: None,
            moves_to: None,
            path: None,
            after: Duration::ZERO,
            window: Duration::ZERO,
            not_before: None,
            expires: None,
            auth: None,
            asking: None,
            awaits_token: false,
            refused: None,
            silence: settings.silence.unwrap_or(SILENCE),
            heard: now,
            unwritten: 0,
            timers: Timers::default(),
            settings,
        }
    }

    pub fn status(&self) -> &Status {
        &self.status
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.status, Status::Closed { .. })
    }

    pub fn has_no_action(&self) -> bool {
        self.actions.is_empty()
    }

    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Connects. A client that waits connects now, if the server has not asked it to wait longer.
    pub fn open(&mut self, now: Instant) {
        match self.status {
            Status::Closed { .. } => {
                (self.attempt, self.refused) = (0, None);
                self.dial(now);
            }
            _ => self.wake(now),
        }
    }

    /// Something has changed: connects now, or asks whether the connection still is one.
    pub fn wake(&mut self, now: Instant) {
        match &self.status {
            Status::Open => self.probe(now, QUICK_PROBE),
            Status::Idle => self.dial(now),
            Status::Waiting { last, .. } => {
                let last = last.clone();
                match self.not_before.filter(|not_before| *not_before > now) {
                    Some(until) => self.wait_until(until, last),
                    None => self.dial(now),
                }
            }
            Status::Connecting { .. } | Status::Closed { .. } => {}
        }
    }

    pub fn close(&mut self, reason: &str) {
        if !self.is_closed() {
            self.drop_connection(reason, false);
            self.end(CloseBy::Us, None);
        }
    }

    /// If it is idle, it connects.
    pub(super) fn need(&mut self, now: Instant) {
        if self.status == Status::Idle {
            self.dial(now);
        }
    }

    pub(super) fn dial(&mut self, now: Instant) {
        self.timers = Timers { connect: Some(now + CONNECT), ..Timers::default() };
        (self.fault, self.after, self.window) = (None, Duration::ZERO, Duration::ZERO);
        self.moves_to = None;
        self.behind_greeting = None;
        self.is_dialing = true;
        self.set(Status::Connecting { attempt: self.attempt });
        if self.settings.asks_for_tokens && self.expires.is_some_and(|expires| expires <= now) {
            self.token = None;
        }
        if self.settings.asks_for_tokens && self.token.is_none() {
            let why = match (self.refused.is_some(), self.expires) {
                (true, _) => Why::Refused,
                (false, Some(_)) => Why::Expiring,
                (false, None) => Why::First,
            };
            self.awaits_token = true;
            return self.ask(why);
        }
        self.dial_with_token();
    }

    pub(super) fn dial_with_token(&mut self) {
        let offers = offers(self.settings.fingerprint, self.token.as_deref());
        let positions = self.positions.query();
        self.actions.push_back(Action::Dial(Dial { offers, path: self.path.clone(), positions }));
    }

    /// The handshake was answered: a client that is refused by a Close gets as far.
    pub fn connected(&mut self, now: Instant) {
        (self.is_dialing, self.is_connected) = (false, true);
        self.connections += 1;
        self.unwritten = 0;
        self.timers.enter = Some(now + ENTER);
    }

    /// Whether the client is in its room, or about to greet it.
    pub(super) fn is_in(&self) -> bool {
        self.status == Status::Open || self.behind_greeting.is_some()
    }

    /// It is in its room.
    pub(super) fn enter(&mut self, now: Instant) {
        self.timers = Timers { uptime: Some(now + UPTIME), ..Timers::default() };
        self.heard = now;
        self.watch(now);
        self.actions.push_back(Action::Greet);
        self.behind_greeting = Some(Vec::new());
    }

    /// Says first what the user greets with, then what was not answered and is sent again, then what waited.
    pub fn greeted(&mut self, greeting: Vec<Greeting>, now: Instant) {
        let Some(behind) = self.behind_greeting.take() else { return };
        for Greeting { text, pace } in greeting {
            if let Some((kind, pace)) = pace {
                // It is sent even over its rate: nothing else may come before it.
                _ = self.paces.send(kind, pace, now);
            }
            self.say(text);
        }
        self.say_again();
        self.status = Status::Open;
        self.flush(now);
        self.actions.push_back(Action::Tell(News::Status(Status::Open)));
        self.actions.extend(behind);
    }

    pub(super) fn tell(&mut self, news: News) {
        let told = Action::Tell(news);
        match &mut self.behind_greeting {
            Some(behind) => behind.push(told),
            None => self.actions.push_back(told),
        }
    }

    pub(super) fn say(&mut self, text: String) {
        self.unwritten += text.len();
        self.actions.push_back(Action::Say(text));
    }

    pub(super) fn say_bytes(&mut self, bytes: Bytes) {
        self.unwritten += bytes.len();
        self.actions.push_back(Action::SayBytes(bytes));
    }

    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.unwritten == 0 || self.unwritten + bytes <= UNWRITTEN
    }

    /// So many bytes were given to the network, and what waited for room may be sent.
    pub fn written(&mut self, bytes: usize, now: Instant) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
        if bytes > 0 {
            self.flush(now);
        }
    }

    /// No event of the connection is heard any more.
    pub(super) fn drop_connection(&mut self, reason: &str, is_silent: bool) {
        if self.is_connected || self.is_dialing {
            self.actions.push_back(Action::Close { reason: reason.to_owned(), is_silent });
        }
        (self.is_dialing, self.is_connected, self.awaits_token) = (false, false, false);
        self.behind_greeting = None;
    }

    pub(super) fn set(&mut self, status: Status) {
        self.status = status.clone();
        self.actions.push_back(Action::Tell(News::Status(status)));
    }

    /// When something is due next. `None` if nothing is.
    pub fn next_deadline(&self) -> Option<Instant> {
        let Timers { next, connect, enter, uptime, watch, probed: _, pace } = self.timers;
        [next, connect, enter, uptime, watch, pace, self.pending.next_deadline()].into_iter().flatten().min()
    }

    pub fn tick(&mut self, now: Instant) {
        while let Some(taken) = self.pending.take_due(now) {
            self.timed_out(taken, now);
        }
        let due = |timer: &mut Option<Instant>| timer.take_if(|at| *at <= now).is_some();
        if due(&mut self.timers.uptime) {
            (self.attempt, self.refused) = (0, None);
        }
        if due(&mut self.timers.enter) {
            self.entered(now);
        }
        if due(&mut self.timers.pace) {
            self.flush(now);
        }
        if due(&mut self.timers.watch) {
            match self.timers.probed {
                Some(probed) if self.heard < probed => return self.lost("the server is silent", now),
                _ => self.watch(now),
            }
        }
        if due(&mut self.timers.connect) {
            return self.lost("no connection in time", now);
        }
        if due(&mut self.timers.next) {
            self.dial(now);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("status", &self.status).finish_non_exhaustive()
    }
}

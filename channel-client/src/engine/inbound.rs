//! What the server sends.

use std::time::Duration;

use bytes::Bytes;
use channel_runtime::Fault;
use tokio::time::Instant;

use super::clock::later;
use super::dial::Why;
use super::error::Error;
use super::frame::{self, Frame, Hello, Retry};
use super::machine::Engine;
use super::orders::{Action, Asked, News};
use super::status::{Fresh, Joined, Outdated};

/// The `ref` of a probe: that an answer was received is all it says.
const PROBE_REF: i64 = 0;

impl Engine {
    pub fn text(&mut self, text: String, now: Instant) {
        self.heard = now;
        if let Err(fault) = self.read(text, now) {
            self.tell(News::Fault(fault));
        }
    }

    pub fn binary(&mut self, bytes: Bytes, now: Instant) {
        self.heard = now;
        self.fault = None;
        self.entered(now);
        self.tell(News::Binary(bytes));
    }

    /// # Errors
    /// If it is no message.
    fn read(&mut self, text: String, now: Instant) -> Result<(), Fault> {
        let Frame { kind, reference, is_answer, seq, room, asked } = Frame::read(&text)?;
        let fault = (kind == "error").then(|| frame::fault(&text)).transpose()?;
        let is_own = kind.starts_with('$');
        // Between an error that refuses and its Close there may be a `$closing` or a `$ping`.
        if !is_own {
            self.fault = fault.clone().filter(|_| !is_answer);
        }
        if fault.is_none() && !is_own {
            self.entered(now);
        }
        match reference {
            Some(PROBE_REF) => return Ok(()),
            Some(reference) if self.pending.contains(reference) => {
                let outcome = fault.map_or_else(|| Ok(text), |fault| Err(Error::Fault(fault)));
                if self.auth.take_if(|auth| *auth == reference).is_some() {
                    self.renewed(&outcome, now);
                }
                self.answered(reference, outcome, now);
                return Ok(());
            }
            _ => {}
        }
        match fault {
            Some(fault) => self.tell(News::Fault(fault)),
            None if is_own => self.own(&kind, &text, now),
            None if kind == "success" => {}
            None if seq.is_some_and(|seq| !self.positions.is_new(&room, seq)) => {}
            None => match asked {
                Some(number) => {
                    let (kind, connection) = (kind.into_owned(), self.connections);
                    self.actions.push_back(Action::Answer(Asked { kind, number, text, connection }));
                }
                None => self.tell(News::Text(text)),
            },
        }
        Ok(())
    }

    /// When the next try may be, as the server says it.
    pub(super) fn come_back(&mut self, Retry { retry_after_ms, retry_window_ms }: Retry) {
        if let Some(after) = retry_after_ms {
            self.after = Duration::from_millis(after);
        }
        if let Some(window) = retry_window_ms {
            self.window = Duration::from_millis(window);
        }
    }

    fn own(&mut self, kind: &str, text: &str, now: Instant) {
        match kind {
            "$hello" => {
                let Hello { ping_ms, max_bytes } = frame::own(text);
                self.timers.enter = None;
                self.silence = self.settings.silence.or(ping_ms.map(Duration::from_millis)).unwrap_or(self.silence);
                self.most = max_bytes;
            }
            "$joined" => {
                let joined: frame::Joined = frame::own(text);
                if !self.is_in() {
                    self.recognizes = matches!(joined.outdated.as_deref(), None | Some("compatible"));
                }
                self.joined(joined, now);
            }
            "$presence" => {
                self.tell(match frame::presence(text) {
                    Ok(told) => News::Presence(told),
                    Err(fault) => News::Fault(fault),
                });
            }
            "$closing" => {
                self.come_back(frame::own(text));
                let frame::Closing { to } = frame::own(text);
                self.moves_to = to.filter(|path| path.starts_with('/'));
            }
            "$auth_expiring" => {
                let frame::Expiring { in_ms } = frame::own(text);
                self.expires = in_ms.map(|in_ms| later(now, Duration::from_millis(in_ms)));
                if self.settings.asks_for_tokens {
                    self.ask(Why::Expiring);
                }
            }
            // `$ping` and `$pong` are life, and others are of a later version.
            _ => {}
        }
    }

    /// At a server that says no `$joined`.
    pub(super) fn entered(&mut self, now: Instant) {
        if !self.is_in() {
            self.recognizes = false;
            self.joined(frame::Joined::default(), now);
        }
    }

    fn joined(&mut self, joined: frame::Joined, now: Instant) {
        let frame::Joined { room, id, at, seq, resumed, fresh, outdated } = joined;
        if !self.is_in() {
            if !self.recognizes {
                self.lose_again(now);
            }
            self.enter(now);
        }
        let outdated = outdated.map(|how| match &*how {
            "compatible" => Outdated::Compatible,
            "breaks" => Outdated::Breaks,
            _ => Outdated::Unknown,
        });
        self.positions.joined(room.as_deref().unwrap_or_default(), at, seq, resumed.is_none());
        let how = match resumed {
            Some(missed) => Joined::Resumed { missed },
            None => Joined::Fresh { reason: fresh.as_deref().and_then(Fresh::of) },
        };
        self.tell(News::Joined { room, id, how, outdated });
        if let Some(outdated) = outdated {
            self.tell(News::Outdated(outdated));
        }
    }
}

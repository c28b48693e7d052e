//! The client's token: asked for, kept, renewed.

use std::mem;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::clock::later;
use super::dial::Why;
use super::error::Error;
use super::machine::Engine;
use super::orders::{Action, News};
use super::pending::{Outcome, Request};
use super::status::{CloseBy, Status};

/// How long a renewal may take.
const RENEWAL: Duration = Duration::from_secs(10);

impl Engine {
    /// One call at a time. A client that connects meanwhile waits for the call that runs.
    pub(super) fn ask(&mut self, why: Why) {
        if self.asking.is_none() {
            self.asking = Some(why);
            self.actions.push_back(Action::AskToken(why));
        }
    }

    /// The token function has ended.
    pub fn token(&mut self, token: Result<Option<String>, String>, now: Instant) {
        let asked = self.asking.take();
        match token {
            Ok(token) => {
                (self.token, self.expires) = (token, None);
                if mem::take(&mut self.awaits_token) {
                    match (&self.token, self.refused.take()) {
                        // There is no other.
                        (None, Some(refused)) => {
                            self.is_dialing = false;
                            self.end(CloseBy::Server, Some(refused));
                        }
                        (_, refused) => {
                            self.refused = refused;
                            self.dial_with_token();
                        }
                    }
                } else if asked == Some(Why::Expiring) && self.status == Status::Open {
                    self.renew(now);
                }
            }
            Err(reason) if self.awaits_token => self.ended(1006, &reason, None, now),
            // The server closes with 4401 when the old one has expired.
            Err(_) => {}
        }
    }

    /// Nobody waits for the token function any more: it will not end.
    pub fn no_token(&mut self) {
        self.asking = None;
    }

    fn renew(&mut self, now: Instant) {
        if let Some(token) = self.token.clone() {
            self.request_auth(&token, now);
        }
    }

    /// Before anything that waits: no rate holds it up.
    pub(super) fn request_auth(&mut self, token: &str, now: Instant) {
        let reference = self.next_ref();
        self.auth = Some(reference);
        let text = json!({ "type": "$auth", "ref": reference, "token": token }).to_string();
        let (reply, _) = oneshot::channel();
        self.pending.sent(
            reference,
            Request { text: String::new(), pace: None, deadline: now + RENEWAL, is_idempotent: false, reply },
        );
        self.say(text);
    }

    /// The answer to `$auth`. A refusal is told of; the server then closes with 4401 when the old token has expired.
    pub(super) fn renewed(&mut self, outcome: &Outcome, now: Instant) {
        match outcome {
            Ok(text) => self.expires = expires_in(text).map(|expires| later(now, expires)),
            Err(Error::Fault(fault)) => self.tell(News::Fault(fault.clone())),
            Err(_) => {}
        }
    }
}

fn expires_in(text: &str) -> Option<Duration> {
    let answer: serde_json::Value = serde_json::from_str(text).ok()?;
    answer["data"]["expires_in_ms"].as_u64().map(Duration::from_millis)
}

//! The frames that tell who is present: `$presence`, as knowing clients read it.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::wire::frame::{Frame, Opcode, frame};

/// Who has come and who has gone since the last frame.
#[derive(Default)]
pub(super) struct Diff {
    entered: Map,
    left: Map,
}

impl Diff {
    /// Or is seen otherwise.
    pub fn entered(&mut self, user: &Arc<str>, id: ConnectionId, shown: &str) {
        self.entered.key(user);
        push_entry(&mut self.entered.json, id, shown);
    }

    pub fn left(&mut self, user: &Arc<str>, id: ConnectionId) {
        self.left.key(user);
        write!(self.left.json, "\"{id}\"").expect("a text takes all");
    }

    pub fn is_empty(&self) -> bool {
        self.entered.of.is_none() && self.left.of.is_none()
    }

    pub fn frame(self, count: usize) -> Frame {
        let mut json = head(count);
        for (key, map) in [("in", self.entered), ("out", self.left)] {
            if map.of.is_some() {
                write!(json, r#","{key}":{{{}]}}"#, map.json).expect("a text takes all");
            }
        }
        json.push('}');
        frame(Opcode::Text, json.as_bytes())
    }
}

/// Lists by user, in JSON. Those of one user are written one after another.
#[derive(Default)]
struct Map {
    json: String,
    of: Option<Arc<str>>,
}

impl Map {
    /// What is written next is in this user's list.
    fn key(&mut self, user: &Arc<str>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, user)) {
            return self.json.push(',');
        }
        if self.of.replace(Arc::clone(user)).is_some() {
            self.json.push_str("],");
        }
        push_key(&mut self.json, user);
    }
}

pub(super) fn count(users: usize) -> Frame {
    frame(Opcode::Text, (head(users) + "}").as_bytes())
}

/// All who are present, with what is seen of each.
pub(super) fn here<'a>(
    count: usize,
    users: impl Iterator<Item = (&'a str, impl Iterator<Item = (ConnectionId, &'a str)>)>,
) -> Frame {
    let mut json = head(count);
    json.push_str(r#","here":{"#);
    for (at, (user, entries)) in users.enumerate() {
        if at > 0 {
            json.push(',');
        }
        push_key(&mut json, user);
        for (at, (id, shown)) in entries.enumerate() {
            if at > 0 {
                json.push(',');
            }
            push_entry(&mut json, id, shown);
        }
        json.push(']');
    }
    json.push_str("}}");
    frame(Opcode::Text, json.as_bytes())
}

fn head(count: usize) -> String {
    format!(r#"{{"type":"$presence","count":{count}"#)
}

/// Of a user's list, which is open then.
fn push_key(json: &mut String, user: &str) {
    json.push_str(&serde_json::to_string(user).expect("a text is JSON"));
    json.push_str(":[");
}

/// `shown` is an object without its opening brace.
fn push_entry(json: &mut String, id: ConnectionId, shown: &str) {
    write!(json, r#"{{"id":"{id}"{shown}"#).expect("a text takes all");
}

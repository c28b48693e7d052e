//! Where a client in a test is in the histories of its rooms, by what the test has taken.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// In the order in which the rooms were joined; that of the path has no name.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    rooms: Vec<Position>,
}

#[derive(Clone, Debug)]
struct Position {
    room: String,
    at: String,
    seq: u64,
}

#[derive(Deserialize)]
struct Joined {
    #[serde(default, rename = "$room")]
    room: String,
    at: Option<String>,
    #[serde(default)]
    seq: u64,
    resumed: Option<u64>,
}

#[derive(Deserialize)]
struct Recorded {
    #[serde(default, rename = "$room")]
    room: String,
    #[serde(rename = "$seq")]
    seq: u64,
}

impl Positions {
    /// A `$joined` was received.
    pub fn joined(&mut self, text: &str) {
        let Ok(Joined { room, at, seq, resumed }) = serde_json::from_str(text) else { return };
        let known = self.rooms.iter().position(|position| position.room == room);
        let before = known.map(|known| self.rooms.remove(known));
        let Some(at) = at else { return };
        let seq = before.filter(|_| resumed.is_some()).map_or(seq, |before| before.seq);
        self.rooms.push(Position { room, at, seq });
    }

    /// The test has taken this message.
    pub fn took(&mut self, text: &str) {
        // Its number is the first key of a recorded message.
        if !text.starts_with(r#"{"$seq":"#) {
            return;
        }
        let Ok(Recorded { room, seq }) = serde_json::from_str(text) else { return };
        if let Some(position) = self.rooms.iter_mut().find(|position| position.room == room) {
            position.seq = seq;
        }
    }

    /// Without that of the path's room, for a client that is moved to another one.
    pub fn of_declared_rooms(&self) -> Self {
        Self { rooms: self.rooms.iter().filter(|position| !position.room.is_empty()).cloned().collect() }
    }

    /// As parameters of a query, each behind an `&`. A test has no proxy whose line would be too short for them.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for Position { room, at, seq } in &self.rooms {
            let place = if room.is_empty() { "" } else { "@" };
            let value = format!("{at}:{seq}{place}{room}");
            query.push_str(&format!("&$resume={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_given_back_for_each_room() {
        let mut positions = Positions::default();
        positions.took(r#"{"$seq":3,"type":"said"}"#);
        assert_eq!(positions.query(), "");
        positions.joined(r#"{"type":"$joined","id":"1-2","at":"1-1.1-2","seq":812,"fresh":"first"}"#);
        assert_eq!(positions.query(), "&$resume=1%2D1%2E1%2D2%3A812");
        positions.joined(r#"{"type":"$joined","$room":"table:7","at":"1-5.1-2","seq":0,"fresh":"first"}"#);
        for text in [
            r#"{"$seq":810,"type":"said"}"#,
            r#"{"$seq":4,"type":"said","$room":"table:7"}"#,
            r#"{"type":"said","$seq":9}"#,
        ] {
            positions.took(text);
        }
        assert_eq!(positions.query(), "&$resume=1%2D1%2E1%2D2%3A810&$resume=1%2D5%2E1%2D2%3A4%40table%3A7");
    }

    #[test]
    fn who_resumes_is_where_it_was_and_who_begins_anew_is_not() {
        let mut positions = Positions::default();
        positions.joined(r#"{"type":"$joined","id":"1-2","at":"1-1.1-2","seq":5,"fresh":"first"}"#);
        positions.joined(r#"{"type":"$joined","id":"1-3","at":"1-1.1-2","seq":9,"resumed":4}"#);
        assert_eq!(positions.query(), "&$resume=1%2D1%2E1%2D2%3A5");
        positions.joined(r#"{"type":"$joined","id":"1-4","at":"1-9.1-4","seq":1,"fresh":"replaced"}"#);
        assert_eq!(positions.query(), "&$resume=1%2D9%2E1%2D4%3A1");
        positions.joined(r#"{"type":"$joined","id":"1-5"}"#);
        assert_eq!(positions.query(), "");
    }
}

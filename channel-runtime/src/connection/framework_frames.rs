//! The framework's own frames, which knowing clients alone hear. Their types begin with `$`.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::connection::id::ConnectionId;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Frame, Opcode, frame, text_header};

/// The number of these frames, in `$hello`: it grows if one changes its meaning.
const VERSION: u32 = 1;

/// The type of a client's question whether the server is there, and of the sign that the server is, which no client answers.
pub(crate) const PING: &str = "$ping";

/// In milliseconds. The closes of a drain are spread too, over [`drain_window`](crate::Config::drain_window).
const WINDOWS: (u32, u32) = (1000, 30_000);

/// What a client hears first, as one piece: `$hello`, of the socket, and `$joined`, of its membership.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Welcome {
    pub ping_interval: Option<Duration>,
    pub message_bytes: usize,
    /// How the wire that the client was made for differs from the channel's; `None` if it does not, or is not told.
    pub outdated: Option<&'static str>,
}

/// Where a client is in a room's history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InRoom<'a> {
    /// Opaque, and without anything that JSON escapes.
    pub at: &'a str,
    /// The number behind which everything follows that it is sent.
    pub seq: u64,
    /// How many messages follow that it missed.
    pub resumed: Option<u32>,
    /// Why it begins anew.
    pub fresh: Option<&'static str>,
}

impl Welcome {
    /// `place` is in its path's room, if that has history.
    pub fn frame(&self, id: ConnectionId, place: Option<&InRoom<'_>>) -> Frame {
        let ping = Key("ping_ms", self.ping_interval.map(millis));
        let max_bytes = self.message_bytes;
        let hello = format!(r#"{{"type":"$hello","v":{VERSION}{ping},"max_bytes":{max_bytes}}}"#);
        let outdated = Key("outdated", self.outdated.map(Quoted));
        let place = place.map_or_else(String::new, InRoom::keys);
        let joined = format!(r#"{{"type":"$joined","id":"{id}"{place}{outdated}}}"#);
        let ((first, first_len), (second, second_len)) = (text_header(hello.len()), text_header(joined.len()));
        Frame::copied([&first[..first_len], hello.as_bytes(), &second[..second_len], joined.as_bytes()])
    }
}

impl InRoom<'_> {
    fn keys(&self) -> String {
        let Self { at, seq, resumed, fresh } = self;
        let (resumed, fresh) = (Key("resumed", *resumed), Key("fresh", fresh.map(Quoted)));
        format!(r#","at":"{at}","seq":{seq}{resumed}{fresh}"#)
    }
}

/// A knowing client is a member of a declared room that has history.
pub(crate) fn joined_room(room: &str, place: &InRoom<'_>) -> Frame {
    let room = serde_json::to_string(room).expect("a text is JSON");
    frame(Opcode::Text, format!(r#"{{"type":"$joined","$room":{room}{}}}"#, place.keys()).as_bytes())
}

/// A protocol ping, which a browser answers unseen, and a text that its page sees, as one piece.
pub(crate) fn pings() -> Frame {
    let ping = format!(r#"{{"type":"{PING}"}}"#);
    let (header, len) = text_header(ping.len());
    Frame::copied([&frame(Opcode::Ping, &[]), &header[..len], ping.as_bytes()])
}

/// The answer to a client's `$ping`; `reference` is JSON.
pub(crate) fn pong(reference: Option<&str>) -> Frame {
    frame(Opcode::Text, format!(r#"{{"type":"$pong"{}}}"#, Key("ref", reference)).as_bytes())
}

/// Before a Close: when the client may come back, and within how long all clients do that were closed with it.
pub(crate) fn closing(retry_after_ms: u64, return_window: u32) -> Frame {
    closing_to(retry_after_ms, return_window, None)
}

/// `to` is the path that the client connects to; `None` for the one before.
fn closing_to(retry_after_ms: u64, return_window: u32, to: Option<&str>) -> Frame {
    let to = Key("to", to.map(|path| serde_json::to_string(path).expect("a text is JSON")));
    let closing =
        format!(r#"{{"type":"$closing","retry_after_ms":{retry_after_ms},"retry_window_ms":{return_window}{to}}}"#);
    frame(Opcode::Text, closing.as_bytes())
}

/// What is sent before this Close. `None` if it is the client's own, or the client does not come back.
pub(crate) fn announcement(close: &Close, return_window: u32) -> Option<Frame> {
    if let Some(path) = close.moved_to() {
        return Some(closing_to(0, return_window, Some(path)));
    }
    let is_announced = close.by != ClosedBy::Client && close.code.is_some_and(is_announced);
    is_announced.then(|| closing(0, return_window))
}

/// Whether `$closing` is sent before this code: it is not the client that is meant, and the client comes back.
pub(crate) fn is_announced(code: CloseCode) -> bool {
    matches!(code, CloseCode::GOING_AWAY | CloseCode::RESTART | CloseCode::TRY_AGAIN)
}

/// Within how many milliseconds so many clients come back: a thousand in a second.
pub(crate) fn return_window(connections: usize) -> u32 {
    let (least, most) = WINDOWS;
    u32::try_from(connections).unwrap_or(u32::MAX).clamp(least, most)
}

/// As [`return_window`], of so many that are moved: one comes at once.
pub(crate) fn moving_window(moved: usize) -> u32 {
    return_window(moved).min(u32::try_from(moved).unwrap_or(u32::MAX)).max(1)
}

/// In whole milliseconds, rounded up: a client that waits for so long has not given up too early.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// A key behind others, with its comma; nothing if there is no value.
struct Key<T>(&'static str, Option<T>);

impl<T: Display> Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.1 {
            Some(value) => write!(f, r#","{}":{value}"#, self.0),
            None => Ok(()),
        }
    }
}

/// Without anything that JSON escapes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &Frame) -> &str {
        std::str::from_utf8(&of[2..]).unwrap()
    }

    #[test]
    fn frames_are_as_the_wire_has_them() {
        assert_eq!(pings()[..], *b"\x89\x00\x81\x10{\"type\":\"$ping\"}");
        assert_eq!(text(&pong(None)), r#"{"type":"$pong"}"#);
        assert_eq!(text(&pong(Some(r#""a""#))), r#"{"type":"$pong","ref":"a"}"#);
        assert_eq!(text(&closing(0, 2000)), r#"{"type":"$closing","retry_after_ms":0,"retry_window_ms":2000}"#);
        let moved = announcement(&Close::moved("/desk/8"), 1).unwrap();
        assert_eq!(text(&moved), r#"{"type":"$closing","retry_after_ms":0,"retry_window_ms":1,"to":"/desk/8"}"#);
    }

    #[test]
    fn a_client_is_told_where_it_is_in_a_rooms_history() {
        let resumed = InRoom { at: "1-2.1-3", seq: 812, resumed: Some(4), fresh: None };
        let fresh = InRoom { resumed: None, fresh: Some("expired"), ..resumed };
        let welcome = Welcome { ping_interval: None, message_bytes: 1, outdated: Some("compatible") };
        let id = ConnectionId::next();
        let told = welcome.frame(id, Some(&resumed));
        let joined =
            format!(r#"{{"type":"$joined","id":"{id}","at":"1-2.1-3","seq":812,"resumed":4,"outdated":"compatible"}}"#);
        assert!(told.ends_with(joined.as_bytes()), "{}", told.escape_ascii());
        let joined = r#"{"type":"$joined","$room":"symbol:\"A\"","at":"1-2.1-3","seq":812,"fresh":"expired"}"#;
        assert_eq!(text(&joined_room("symbol:\"A\"", &fresh)), joined);
    }

    #[test]
    fn a_thousand_clients_return_in_a_second_and_none_waits_longer_than_thirty() {
        for (connections, window) in [
            (0, 1000),
            (1000, 1000),
            (1001, 1001),
            (2000, 2000),
            (30_000, 30_000),
            (1 << 20, 30_000),
            (usize::MAX, 30_000),
        ] {
            assert_eq!(return_window(connections), window, "{connections}");
        }
    }

    #[test]
    fn one_that_is_moved_comes_at_once_and_many_a_thousand_in_a_second() {
        for (moved, window) in [(0, 1), (1, 1), (500, 500), (5000, 5000), (usize::MAX, 30_000)] {
            assert_eq!(moving_window(moved), window, "{moved}");
        }
    }

    #[test]
    fn a_welcome_is_two_texts_in_one_piece() {
        let id = ConnectionId::next();
        for (ping, bytes, outdated, hello, joined) in [
            (Some(Duration::from_secs(25)), 65536, None, r#","ping_ms":25000,"max_bytes":65536"#, ""),
            (None, 1 << 40, Some("unknown"), r#","max_bytes":1099511627776"#, r#","outdated":"unknown""#),
            (
                Some(Duration::from_nanos(1)),
                1,
                Some("breaks"),
                r#","ping_ms":1,"max_bytes":1"#,
                r#","outdated":"breaks""#,
            ),
            (Some(Duration::MAX), 0, None, r#","ping_ms":18446744073709551615,"max_bytes":0"#, ""),
        ] {
            let hello = format!(r#"{{"type":"$hello","v":1{hello}}}"#);
            let joined = format!(r#"{{"type":"$joined","id":"{id}"{joined}}}"#);
            let expected: Vec<u8> = [&hello, &joined]
                .into_iter()
                .flat_map(|text| [&[0x81, text.len() as u8][..], text.as_bytes()].concat())
                .collect();
            let welcome = Welcome { ping_interval: ping, message_bytes: bytes, outdated };
            assert_eq!(welcome.frame(id, None)[..], expected[..]);
        }
    }
}

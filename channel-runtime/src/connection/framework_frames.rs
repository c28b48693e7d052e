//! The framework's own frames, which knowing clients alone hear. Their types begin with `$`.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::connection::id::ConnectionId;
use crate::wire::frame::{Frame, text_header};

/// The number of these frames, in `$hello`: it grows if one changes its meaning.
const VERSION: u32 = 1;

/// What a client hears first, as one piece: `$hello`, of the socket, and `$joined`, of its membership.
///
/// `outdated` says how the wire that the client was made for differs from the channel's; `None` if it does not, or is not told.
pub(crate) fn welcome(
    id: ConnectionId,
    ping_interval: Option<Duration>,
    message_bytes: usize,
    outdated: Option<&str>,
) -> Frame {
    let ping = Key("ping_ms", ping_interval.map(millis));
    let hello = format!(r#"{{"type":"$hello","v":{VERSION}{ping},"max_bytes":{message_bytes}}}"#);
    let outdated = Key("outdated", outdated.map(|outdated| format!("\"{outdated}\"")));
    let joined = format!(r#"{{"type":"$joined","id":"{id}"{outdated}}}"#);
    let ((first, first_len), (second, second_len)) = (text_header(hello.len()), text_header(joined.len()));
    Frame::copied([&first[..first_len], hello.as_bytes(), &second[..second_len], joined.as_bytes()])
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(welcome(id, ping, bytes, outdated)[..], expected[..]);
        }
    }
}

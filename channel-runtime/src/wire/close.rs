//! The end of a connection: close codes, who ended it, and violations of the protocol.

use std::error::Error;
use std::fmt;

/// The reason why a connection is closed, as the number in a Close frame (RFC 6455, section 7.4).
///
/// ```
/// # use channel_runtime::CloseCode;
/// assert_eq!(CloseCode::GOING_AWAY.as_u16(), 1001);
/// assert_eq!(CloseCode::new(4001).unwrap().to_string(), "4001"); // 4000 to 4999 are an application's own, but for those below
/// assert_eq!(CloseCode::new(1006), None); // what a browser shows for a lost connection; never in a frame
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server stops, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer violated the WebSocket protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1003: the endpoint does not accept this kind of data, such as binary if it only understands text.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a rule of the endpoint was broken for which there is no other code.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message over the size limit.
    pub const TOO_BIG: Self = Self(1009);
    /// 1011: the server failed.
    pub const INTERNAL: Self = Self(1011);
    /// 1012: the server restarts; connect again at once.
    pub const RESTART: Self = Self(1012);
    /// 1013: the server is overloaded, or the client is too slow; connect again later.
    pub const TRY_AGAIN: Self = Self(1013);
    /// 4307: the client is to connect to the path that is the reason: see [`Audience::redirect`](crate::Audience::redirect). Where an
    /// application itself closes with this code, clients that know the framework's frames do not follow; others see no difference.
    pub const MOVED: Self = Self(4307);
    /// 4400: the request is invalid, and will be so the next time.
    pub const BAD_REQUEST: Self = Self(4400);
    /// 4401: the client is not known. A page in a browser can read this code, unlike the status of a failed handshake.
    pub const UNAUTHORIZED: Self = Self(4401);
    /// 4403: the client is known, and may not do this.
    pub const FORBIDDEN: Self = Self(4403);
    /// 4404: nothing is at this path.
    pub const NOT_FOUND: Self = Self(4404);
    /// 4429: the client sent more than its rate allows.
    pub const TOO_MANY: Self = Self(4429);

    /// 4490: no message came for too long; connect again when there is something to say. Clients that do not hear the framework's own
    /// frames are closed with 1000 then.
    pub const IDLE: Self = Self(4490);

    /// The code of this number. `None` unless it may be in a frame: 1000 to 1003, 1007 to 1014, 3000 to 4999.
    ///
    /// 1004 to 1006 and 1015 are never in a frame, and the other numbers below 3000 are reserved for future protocols.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.as_u16()
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = InvalidCloseCode;

    fn try_from(code: u16) -> Result<Self, InvalidCloseCode> {
        Self::new(code).ok_or(InvalidCloseCode(code))
    }
}

/// The error for a number that may not be in a Close frame; see [`CloseCode::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCloseCode(u16);

impl fmt::Display for InvalidCloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not stand in a close frame", self.0)
    }
}

impl Error for InvalidCloseCode {}

/// How a connection ended, the argument of the hook `on_close`.
///
/// ```
/// # use channel_runtime::{Close, CloseCode, ClosedBy};
/// let close = Close::new(ClosedBy::Client, CloseCode::GOING_AWAY, "");
/// assert!(close.is_clean());
/// assert_eq!(close.to_string(), "closed by the client (1001)");
/// ```
///
/// Two are equal if who ended it, the code and the reason are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Close {
    /// Who or what ended it.
    pub by: ClosedBy,
    /// The code in the Close frame that ended it. `None` if there was no frame, or the client's frame had no code.
    pub code: Option<CloseCode>,
    /// The text in that frame, at most 123 bytes on the wire. If there was no frame, what happened to the stream.
    pub reason: String,
    /// The reason is the path of the room that the client is moved to. Not told by the code, which an application may use, too.
    moves: bool,
}

impl PartialEq for Close {
    fn eq(&self, other: &Self) -> bool {
        (self.by, self.code, &self.reason) == (other.by, other.code, &other.reason)
    }
}

impl Eq for Close {}

impl Close {
    /// Makes a value for tests that call `on_close` themselves.
    pub fn new(by: ClosedBy, code: impl Into<Option<CloseCode>>, reason: impl Into<String>) -> Self {
        Self { by, code: code.into(), reason: reason.into(), moves: false }
    }

    pub(crate) fn going_away() -> Self {
        Self::new(ClosedBy::Server, CloseCode::GOING_AWAY, "the server goes away")
    }

    /// To the room of this path.
    pub(crate) fn moved(path: &str) -> Self {
        Self { moves: true, ..Self::new(ClosedBy::Server, CloseCode::MOVED, path) }
    }

    /// The path that [`redirect`](crate::Audience::redirect) has moved the client to. `None` for every other end.
    pub fn moved_to(&self) -> Option<&str> {
        self.moves.then_some(&*self.reason)
    }

    /// Whether it moves to the room of this path: who is there, or on the way to it, stays.
    pub(crate) fn spares(&self, path: &str) -> bool {
        self.moved_to() == Some(path)
    }

    /// Whether somebody meant it, so that the client does not come back by itself: it left, and did not reload its page, or it was sent
    /// away. A token that has expired is such an end, too.
    pub(crate) fn is_for_good(&self) -> bool {
        match self.by {
            ClosedBy::Client => self.code != Some(CloseCode::GOING_AWAY),
            ClosedBy::Server => {
                self.code.is_none_or(|code| !matches!(code.0, 1001..=1003 | 1007 | 1009..=1014 | 4408 | 4425 | 4429))
            }
            ClosedBy::Idle | ClosedBy::Expired => true,
            ClosedBy::Lost
            | ClosedBy::Violation
            | ClosedBy::Panic
            | ClosedBy::SlowClient
            | ClosedBy::NoPong
            | ClosedBy::RateLimited => false,
        }
    }

    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self::new(ClosedBy::Lost, None, reason)
    }

    /// Without a reason that the client sent, which may contain anything.
    pub(crate) fn for_log(&self) -> impl fmt::Display {
        let reason = if self.by == ClosedBy::Client { "" } else { &self.reason };
        Self::new(self.by, self.code, reason)
    }

    /// Whether one of the two sides ended it on purpose, with a Close frame. Otherwise something failed.
    pub fn is_clean(&self) -> bool {
        matches!(self.by, ClosedBy::Client | ClosedBy::Server)
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by.fmt(f)?;
        match (self.code, self.reason.as_str()) {
            (None, "") => Ok(()),
            (None, reason) => write!(f, " ({reason})"),
            (Some(code), "") => write!(f, " ({code})"),
            (Some(code), reason) => write!(f, " ({code}: {reason})"),
        }
    }
}

/// Who or what ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClosedBy {
    /// The client, with a Close frame.
    Client,
    /// The server, on purpose: a handler, a hub, or because it stops.
    Server,
    /// Nobody: the transport ended without a Close frame.
    Lost,
    /// The server, because the client sent invalid WebSocket traffic, or more than the size limit.
    Violation,
    /// The server, because the channel's own code panicked.
    Panic,
    /// The server, because more was waiting for the client than may wait, or the client read none of it for too long.
    SlowClient,
    /// The server, because the client was silent and did not answer a ping.
    NoPong,
    /// The server, because the client sent no message for too long.
    Idle,
    /// The server, because the client kept sending more than its rates allow.
    RateLimited,
    /// The server, because the client's authority expired, and the client did not renew it.
    Expired,
}

impl ClosedBy {
    pub(crate) const ALL: [Self; 10] = [
        Self::Client,
        Self::Server,
        Self::Lost,
        Self::Violation,
        Self::Panic,
        Self::SlowClient,
        Self::NoPong,
        Self::Idle,
        Self::RateLimited,
        Self::Expired,
    ];

    #[cfg(any(feature = "metrics", feature = "ops"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Lost => "lost",
            Self::Violation => "violation",
            Self::Panic => "panic",
            Self::SlowClient => "slow_client",
            Self::NoPong => "no_pong",
            Self::Idle => "idle",
            Self::RateLimited => "rate_limited",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for ClosedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "closed by the client",
            Self::Server => "closed by the server",
            Self::Lost => "connection lost",
            Self::Violation => "closed for a protocol violation",
            Self::Panic => "closed by a panic",
            Self::SlowClient => "closed because too much was waiting for the client",
            Self::NoPong => "closed because the client did not answer a ping",
            Self::Idle => "closed because the client was idle",
            Self::RateLimited => "closed because the client said too much",
            Self::Expired => "closed because the client's authority has expired",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// 1002, 1007 or 1009.
    pub code: CloseCode,
    /// Short enough for a Close frame.
    pub reason: &'static str,
}

impl Violation {
    pub(super) const NOT_UTF8: Self = Self { code: CloseCode::INVALID_DATA, reason: "text is not UTF-8" };

    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self { code: CloseCode::PROTOCOL, reason }
    }

    pub(super) const fn too_big(reason: &'static str) -> Self {
        Self { code: CloseCode::TOO_BIG, reason }
    }
}

impl From<Violation> for Close {
    fn from(violation: Violation) -> Self {
        Self::new(ClosedBy::Violation, violation.code, violation.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_may_stand_in_a_frame_are_codes() {
        for number in 0..=u16::MAX {
            let listed = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].contains(&number);
            let valid = listed || number / 1000 == 3 || number / 1000 == 4;
            assert_eq!(CloseCode::new(number).map(u16::from), valid.then_some(number));
            assert_eq!(CloseCode::try_from(number).is_ok(), valid);
        }
    }

    #[test]
    fn ends_are_numbered_in_order() {
        assert!(ClosedBy::ALL.iter().enumerate().all(|(place, by)| *by as usize == place));
    }

    #[test]
    fn an_end_is_clean_where_somebody_meant_it() {
        let clean = |by| Close::new(by, None, "").is_clean();
        assert!(clean(ClosedBy::Client) && clean(ClosedBy::Server));
        assert!(!clean(ClosedBy::Lost) && !clean(ClosedBy::Violation));
        assert!(!clean(ClosedBy::Panic) && !clean(ClosedBy::SlowClient));
    }

    #[test]
    fn an_end_is_for_good_if_the_client_does_not_come_back_by_itself() {
        let of = |by, code: Option<u16>| Close::new(by, code.and_then(CloseCode::new), "").is_for_good();
        for code in [None, Some(1000), Some(1011), Some(4403)] {
            assert!(of(ClosedBy::Client, code), "{code:?}");
        }
        assert!(!of(ClosedBy::Client, Some(1001)), "a page is reloaded");
        for code in [1000, 1008, 3000, 4307, 4401, 4403, 4999] {
            assert!(of(ClosedBy::Server, Some(code)), "{code}");
        }
        for code in [1001, 1011, 1012, 1013, 4408, 4425, 4429] {
            assert!(!of(ClosedBy::Server, Some(code)), "{code}");
        }
        let meant = [ClosedBy::Client, ClosedBy::Server, ClosedBy::Idle, ClosedBy::Expired];
        assert!(ClosedBy::ALL.iter().all(|by| of(*by, Some(1000)) == meant.contains(by)));
    }

    #[test]
    fn an_end_reads_well_in_a_log() {
        assert_eq!(Close::new(ClosedBy::Lost, None, "").to_string(), "connection lost");
        assert_eq!(Close::new(ClosedBy::Lost, None, "timed out").to_string(), "connection lost (timed out)");
        let close = Close::new(ClosedBy::Client, CloseCode::NORMAL, "\n2026-03-01 ERROR forged");
        assert_eq!(close.for_log().to_string(), "closed by the client (1000)");
        assert_eq!(
            Close::from(Violation::NOT_UTF8).to_string(),
            "closed for a protocol violation (1007: text is not UTF-8)"
        );
    }
}

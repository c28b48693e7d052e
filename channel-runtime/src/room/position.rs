//! A client's place in a room's history, as it is told and gives it back.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use crate::connection::id::ConnectionId;

/// Positions that a client may give back: what does not fit is not looked at.
const MOST_BYTES: usize = 2048;

/// So many of declared rooms.
const MOST_DECLARED: usize = 64;

/// Opaque for clients: which opening of the room, and which session of the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub epoch: ConnectionId,
    /// The id of the client's first connection, which it keeps when it comes back. `None` for a page.
    pub session: Option<ConnectionId>,
}

/// What a client has had of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    At(At, u64),
    /// It can't be read, and is that of no room.
    Unknown,
}

/// What a client says that it has had, of its path's room and of declared ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    pub own: Option<Position>,
    pub declared: Vec<(Arc<str>, Position)>,
}

/// Only who was told a session can name it: by another one's it would be excluded from what that one hears.
fn tag(epoch: ConnectionId, session: ConnectionId) -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one((epoch, session))
}

impl Position {
    /// The client's first connection. `None` for a page.
    pub fn session(&self) -> Option<ConnectionId> {
        match self {
            Self::At(at, _) => at.session,
            Self::Unknown => None,
        }
    }

    fn parse(text: &str) -> Self {
        let parsed = || {
            let (at, number) = text.rsplit_once(':')?;
            let (epoch, session) = match at.split_once('.') {
                Some((epoch, rest)) => {
                    let (session, tag) = rest.split_once('.')?;
                    (epoch, Some((session.parse().ok()?, u64::from_str_radix(tag, 16).ok()?)))
                }
                None => (at, None),
            };
            let epoch = epoch.parse().ok()?;
            let is_ours = session.is_none_or(|(session, told)| tag(epoch, session) == told);
            let at = At { epoch, session: session.map(|(session, _)| session) };
            is_ours.then_some(Self::At(at, number.parse().ok()?))
        };
        parsed().unwrap_or(Self::Unknown)
    }
}

impl Positions {
    /// From the query: each is for the path's room, or has the name of a declared one behind an `@`.
    pub fn read(values: impl Iterator<Item = String>) -> Self {
        let mut positions = Self::default();
        let mut bytes = 0;
        for value in values {
            bytes += value.len();
            if bytes > MOST_BYTES {
                break;
            }
            match value.split_once('@') {
                None => positions.own = Some(Position::parse(&value)),
                Some((position, room)) if positions.declared.len() < MOST_DECLARED => {
                    positions.declared.push((room.into(), Position::parse(position)));
                }
                Some(_) => {}
            }
        }
        positions
    }

    /// Each is used once.
    pub fn take_of(&mut self, room: &str) -> Option<Position> {
        let at = self.declared.iter().position(|(name, _)| &**name == room)?;
        Some(self.declared.swap_remove(at).1)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.session {
            Some(session) => write!(f, "{}.{session}.{:x}", self.epoch, tag(self.epoch, session)),
            None => self.epoch.fmt(f),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at, number) => write!(f, "{at}:{number}"),
            Self::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Positions {
        Positions::read(values.iter().map(|value| (*value).to_owned()))
    }

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let (epoch, session) = (ConnectionId::next(), Some(ConnectionId::next()));
        for position in [Position::At(At { epoch, session }, 812), Position::At(At { epoch, session: None }, 0)] {
            let mut positions = read(&[&position.to_string(), &format!("{position}@symbol:A@B")]);
            assert_eq!(positions.own.as_ref(), Some(&position));
            assert_eq!(positions.take_of("symbol:A@B"), Some(position));
            assert_eq!(positions.take_of("symbol:A@B"), None);
        }
    }

    #[test]
    fn nobody_names_a_session_that_it_was_not_told() {
        let at = At { epoch: ConnectionId::next(), session: Some(ConnectionId::next()) };
        let (told, _) =
            Position::At(at, 1).to_string().rsplit_once('.').map(|(at, tag)| (at.to_owned(), tag.to_owned())).unwrap();
        for forged in [format!("{told}:1"), format!("{told}.0:1"), format!("{told}.:1")] {
            assert_eq!(read(&[&forged]).own, Some(Position::Unknown), "{forged}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_of_no_room_and_what_is_too_long_is_not_looked_at() {
        for wrong in ["", "x", "1-2", "1-2:x", "1-2.3:4", "1-2.:4", ":4", "1-2:-4", "1-2:99999999999999999999"] {
            assert_eq!(read(&[wrong]).own, Some(Position::Unknown), "{wrong}");
        }
        let many = ["1-2:3@symbol:AB"; 10_000];
        assert_eq!(read(&many).declared.len(), MOST_DECLARED);
        assert!(read(&["x".repeat(MOST_BYTES + 1).as_str(), "1-2:3"]).own.is_none());
    }
}

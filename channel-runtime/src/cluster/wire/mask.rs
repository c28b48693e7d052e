//! Whom of a target a record is not for, and what stands in the same place: its class, and which newest value it is.

use std::any::TypeId;

use super::cursor::{Cursor, List};
use super::{OF_KEY, at, class, tag};
use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::class::Class;
use crate::room::exclusions::Exclusions;

/// As [`ValueOf`](super::ValueOf).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueRef<'a> {
    pub micros: u64,
    pub key: &'a str,
}

impl<'a> ValueRef<'a> {
    /// Takes it off a mask, if it is there: right behind the class, and in no other place.
    pub fn take(mask: &mut List<'a, Excluded<'a>>) -> Option<Self> {
        let mut rest = mask.clone();
        let (class, stamp, key) = (rest.next()?, rest.next()?, rest.next()?);
        let (Some(Class::LatestElsewhere(_)), Excluded::Connection(stamp), Excluded::User(key)) =
            (class.class(), stamp, key)
        else {
            return None;
        };
        let value = Self { micros: at(stamp)?, key: key.strip_prefix(OF_KEY)? };
        *mask = rest;
        Some(value)
    }
}

/// Whom of a target a record is not for.
#[derive(Clone, Debug)]
pub(crate) struct Mask<'a>(pub List<'a, Excluded<'a>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excluded<'a> {
    Connection(ConnectionId),
    User(&'a str),
    OthersThan(&'a str),
}

impl<'a> Excluded<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(match cursor.u8()? {
            tag::NOT_CONNECTION => Self::Connection(cursor.connection()?),
            tag::NOT_USER => Self::User(cursor.name()?),
            tag::ONLY_USER => Self::OthersThan(cursor.name()?),
            _ => return None,
        })
    }

    /// What it says in place of an exclusion.
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Connection(id) => class(id),
            _ => None,
        }
    }
}

impl Mask<'_> {
    /// On a channel whose users are of this kind.
    pub fn exclusions(&self, kind: TypeId) -> Exclusions {
        let mut exclusions = Exclusions::default();
        for each in self.clone() {
            match each {
                Excluded::Connection(id) => exclusions.except.push(id),
                Excluded::User(name) => exclusions.except_users.push(UserKey::of_kind(kind, name)),
                Excluded::OthersThan(name) => exclusions.only_user = Some(UserKey::of_kind(kind, name)),
            }
        }
        exclusions
    }
}

impl<'a> Iterator for Mask<'a> {
    type Item = Excluded<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.find(|each| each.class().is_none())
    }
}

//! What a request to the operators' port names: a channel, and whom of its clients.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::protocol::describe::RoomShape;
use crate::room::exclusions::Exclusions;
use crate::room::target::Target;
use crate::server::ops::answer::Refusal;
use crate::server::ops::erased::ErasedChannel;
use crate::server::ops::token::Grant;

/// Of rooms, of users, and of each kind of exception.
const MOST_NAMES: usize = 1000;

/// All keys that a body may have. Each endpoint takes its own.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Request<'a> {
    pub channel: Option<String>,
    pub room: Option<String>,
    pub rooms: Option<Vec<String>>,
    pub user: Option<Name>,
    pub users: Option<Vec<Name>>,
    pub connection: Option<String>,
    pub all: bool,
    pub except: Except,
    /// Unread, so that it is decoded once, by its channel.
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
    pub base64: Option<String>,
    pub code: Option<u16>,
    pub reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Except {
    users: Vec<Name>,
    connections: Vec<String>,
}

/// The name of a user. An integer counts as its digits, because many a database has such users.
pub(super) struct Name(pub String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a user: a string or an integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                Ok(Name(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Name, E> {
                Ok(Name(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Name, E> {
                Ok(Name(number.to_string()))
            }
        }

        deserializer.deserialize_any(NameVisitor)
    }
}

/// The channels that a token may name.
#[derive(Clone, Copy)]
pub(super) struct Channels<'c> {
    pub all: &'c [ErasedChannel],
    pub grant: &'c Grant,
}

/// Some clients of a channel.
pub(super) struct Audience<'c> {
    pub channel: &'c ErasedChannel,
    pub target: Target,
    pub exclusions: Exclusions,
}

impl<'a> Request<'a> {
    /// # Errors
    /// 400 if the text is no JSON, and 422 with the path if it is of another shape.
    pub fn read(text: &'a [u8]) -> Result<Self, Refusal> {
        let json = &mut serde_json::Deserializer::from_slice(text);
        let request = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
            let path = error.path().to_string();
            let error = error.into_inner();
            if error.is_data() { Refusal::invalid(&path, error) } else { Refusal::malformed(error.to_string()) }
        })?;
        json.end().map_err(|error| Refusal::malformed(error.to_string()))?;
        Ok(request)
    }

    /// The keys that name clients. They exclude each other.
    fn named(&self) -> Vec<&'static str> {
        let Self { room, rooms, user, users, connection, all, .. } = self;
        let named = [
            (room.is_some(), "room"),
            (rooms.is_some(), "rooms"),
            (user.is_some(), "user"),
            (users.is_some(), "users"),
            (connection.is_some(), "connection"),
            (*all, "all"),
        ];
        named.into_iter().filter(|(is_named, _)| *is_named).map(|(_, key)| key).collect()
    }

    pub fn check_named(&self) -> Result<(), Refusal> {
        let one_of = "one of `room`, `rooms`, `user`, `users`, `connection` and `\"all\": true`";
        match self.named()[..] {
            [_] => Ok(()),
            [] => Err(Refusal::invalid("", format!("it names no clients: {one_of} is needed"))),
            [_, second, ..] => Err(Refusal::invalid(second, format!("{one_of} is taken, and no two"))),
        }
    }

    /// # Errors
    /// 404 if there is no such channel or room, 403 if the token is for others, 422 if it can't be said which is meant.
    pub fn audience<'c>(&self, channels: Channels<'c>) -> Result<Audience<'c>, Refusal> {
        self.check_named()?;
        self.on(self.channel(channels)?)
    }

    /// On this channel, whichever the request names.
    ///
    /// # Errors
    /// As those of [`audience`](Self::audience).
    pub fn on<'c>(&self, channel: &'c ErasedChannel) -> Result<Audience<'c>, Refusal> {
        let target = self.target(channel)?;
        let mut exclusions = Exclusions::default();
        let Except { users, connections } = &self.except;
        check_number("except.users", users.len())?;
        check_number("except.connections", connections.len())?;
        for (at, name) in users.iter().enumerate() {
            exclusions.except_users.push(user(channel, name, || format!("except.users[{at}]"))?);
        }
        for (at, id) in connections.iter().enumerate() {
            exclusions.except.push(connection(id, &format!("except.connections[{at}]"))?);
        }
        Ok(Audience { channel, target, exclusions })
    }

    fn channel<'c>(&self, channels: Channels<'c>) -> Result<&'c ErasedChannel, Refusal> {
        let first = self.room.as_ref().or_else(|| self.rooms.as_ref()?.first());
        match (&self.channel, first) {
            (Some(pattern), _) => channels.named(pattern),
            (None, Some(path)) if path.starts_with('/') => channels.at(path),
            (None, _) => Err(Refusal::invalid("channel", "it is needed, unless the path of a room names it")),
        }
    }

    fn target(&self, channel: &ErasedChannel) -> Result<Target, Refusal> {
        let Self { room: name, rooms, user: name_of_user, users, connection: id, .. } = self;
        if let Some(name) = name {
            return Ok(Target::Room(room(channel, name)?));
        }
        if let Some(names) = rooms {
            check_number("rooms", names.len())?;
            let rooms = names.iter().map(|name| room(channel, name));
            return rooms.collect::<Result<_, _>>().map(Target::Rooms);
        }
        if let Some(name) = name_of_user {
            return Ok(Target::Users(vec![user(channel, name, || "user".to_owned())?]));
        }
        if let Some(names) = users {
            check_number("users", names.len())?;
            let users = names.iter().enumerate().map(|(at, name)| user(channel, name, || format!("users[{at}]")));
            return users.collect::<Result<_, _>>().map(Target::Users);
        }
        match id {
            Some(id) => connection(id, "connection").map(Target::Connection),
            None => Ok(Target::All),
        }
    }
}

impl<'c> Channels<'c> {
    pub fn named(self, pattern: &str) -> Result<&'c ErasedChannel, Refusal> {
        match self.all.iter().find(|channel| channel.pattern() == pattern) {
            Some(channel) => self.granted(channel),
            None => Err(self.none(&format!("no channel is {pattern:?}"))),
        }
    }

    fn at(self, path: &str) -> Result<&'c ErasedChannel, Refusal> {
        match self.all.iter().find(|channel| channel.path.matches(path).is_some()) {
            Some(channel) => self.granted(channel),
            None => Err(self.none(&format!("no channel has the path {path:?}"))),
        }
    }

    /// Those that the token may name.
    pub fn allowed(self) -> impl Iterator<Item = &'c ErasedChannel> {
        self.all.iter().filter(move |channel| self.grant.includes(channel.pattern()))
    }

    fn granted(self, channel: &'c ErasedChannel) -> Result<&'c ErasedChannel, Refusal> {
        if self.grant.includes(channel.pattern()) {
            return Ok(channel);
        }
        Err(Refusal::forbidden(format!("the token is for other channels than {:?}", channel.pattern())))
    }

    fn none(self, why: &str) -> Refusal {
        let known: Vec<_> = self.allowed().map(ErasedChannel::pattern).collect();
        Refusal::not_found(why).with_details(serde_json::json!({ "channels": known }))
    }
}

fn room(channel: &ErasedChannel, name: &str) -> Result<Arc<str>, Refusal> {
    if name.starts_with('/') {
        let pattern = channel.pattern();
        return channel.room_at(name).ok_or_else(|| Refusal::not_found(format!("{name:?} is no path of {pattern:?}")));
    }
    let kinds = channel.rooms.iter().map(|RoomShape { kind, .. }| *kind);
    if name.split_once(':').is_some_and(|(kind, _)| kinds.clone().any(|known| known == kind)) {
        return Ok(name.into());
    }
    let kinds: Vec<_> = kinds.map(|kind| format!("`{kind}:`")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(", or begins with {}", kinds.join(", ")) };
    Err(Refusal::not_found(format!("no room is {name:?}: it is a path{kinds}")))
}

fn user(channel: &ErasedChannel, Name(name): &Name, path: impl FnOnce() -> String) -> Result<UserKey, Refusal> {
    channel.user(name).ok_or_else(|| {
        let pattern = channel.pattern();
        Refusal::invalid(&path(), format!("no user of {pattern:?} has such a name, or the channel knows no users"))
    })
}

fn connection(id: &str, path: &str) -> Result<ConnectionId, Refusal> {
    id.parse().map_err(|error| Refusal::invalid(path, error))
}

fn check_number(path: &str, names: usize) -> Result<(), Refusal> {
    if names > MOST_NAMES {
        return Err(Refusal::invalid(path, format!("{names} names, and at most {MOST_NAMES} are taken")));
    }
    Ok(())
}

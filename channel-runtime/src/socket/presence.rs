//! Who is present in a room, as a program asks it, and how what is seen of a connection gets into its room.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use tokio::time::Instant;

use crate::channel::Channel;
use crate::channel::presence::{HasPresence, PRESENCE};
use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::protocol::escaped::Escaped;
use crate::protocol::presence::PresenceBounds;
use crate::room::presence::{Bounds, OfUser, Shown};
use crate::socket::Socket;
use crate::socket::audience::{Audience, IsOneRoom};

/// Of what is seen of a connection, in bytes of JSON.
const MOST_BYTES: usize = 1024;

/// Who is present in a room, in the order of the names: [`Audience::present`].
///
/// ```
/// # use channel_runtime::{channel, Hub};
/// # #[derive(Clone, PartialEq, serde::Serialize)] pub struct Seen { cursor: Option<u32> }
/// # #[channel("/doc/:id", presence = Seen)] pub struct Doc { id: u64, #[state] name: String }
/// # #[channel] impl Doc {
/// #     fn identity(&self) -> &String { &self.name }
/// #     fn presence(&self) -> Seen { Seen { cursor: None } }
/// # }
/// fn cursors(docs: &Hub<Doc>, id: u64) -> Vec<(String, Option<u32>)> {
///     let present = docs.room(&Doc::room(&id)).present();
///     present.iter().flat_map(|(user, seen)| seen.iter().map(|(_, seen)| (user.to_owned(), seen.cursor))).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Present<S> {
    /// Sorted by their names.
    users: Vec<(String, Vec<(ConnectionId, S)>)>,
}

/// A user, and what is seen of each of its connections.
type Seen<'a, S> = (&'a str, &'a [(ConnectionId, S)]);

impl<S> Present<S> {
    /// How many users: one with several devices is one. A connection that is nobody's counts as a user of its own.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nobody is present.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The users, by what their identity writes; a connection that is nobody's by its id.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &str> {
        self.users.iter().map(|(user, _)| &**user)
    }

    /// What is seen of each of the user's connections. Empty if the user is not present.
    pub fn of(&self, user: &(impl ToString + ?Sized)) -> &[(ConnectionId, S)] {
        let user = user.to_string();
        match self.users.binary_search_by(|(other, _)| other.cmp(&user)) {
            Ok(at) => &self.users[at].1,
            Err(_) => &[],
        }
    }

    /// Whether a connection of this user is here, or was lost less than the grace ago.
    pub fn is_present(&self, user: &(impl ToString + ?Sized)) -> bool {
        !self.of(user).is_empty()
    }

    /// Each user, with what is seen of each of its connections.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Seen<'_, S>> {
        self.users.iter().map(|(user, seen)| (&**user, &**seen))
    }

    /// The next `most` users behind this one, which need not be present any more; `""` for the first of them.
    pub fn page(&self, after: &str, most: usize) -> impl ExactSizeIterator<Item = Seen<'_, S>> {
        let from = self.users.partition_point(|(user, _)| **user <= *after);
        let to = from.saturating_add(most).min(self.users.len());
        self.users[from..to].iter().map(|(user, seen)| (&**user, &**seen))
    }
}

impl<S> IntoIterator for Present<S> {
    type Item = (String, Vec<(ConnectionId, S)>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.users.into_iter()
    }
}

impl<C: HasPresence, K: IsOneRoom> Audience<C, K> {
    /// Who is present in the room at this moment, on this node: each user once, with what is seen of each of its connections.
    ///
    /// A user is present from its first connection to its last. One whose connection was lost, or that closed it with 1001 as a page
    /// does that is reloaded, is present for the `grace` still, and stays so if it comes back within that. Nobody is present in a room
    /// of a declared kind, nor in all of a channel.
    ///
    /// It is a copy, made under the room's lock: about 100 ns a connection.
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub};
    /// # #[derive(Clone, PartialEq, serde::Serialize)] pub struct Seen { cursor: Option<u32> }
    /// # #[channel("/doc/:id", presence = Seen)] pub struct Doc { id: u64, #[state] name: String }
    /// # #[channel] impl Doc {
    /// #     fn identity(&self) -> &String { &self.name }
    /// #     fn presence(&self) -> Seen { Seen { cursor: None } }
    /// # }
    /// fn is_read_by(docs: &Hub<Doc>, id: u64, user: &str) -> bool {
    ///     docs.room(&Doc::room(&id)).present().is_present(user)
    /// }
    /// ```
    pub fn present(&self) -> Present<C::Seen> {
        let lookup = self.lookup();
        let users = lookup.one_room().map(|room| room.present()).unwrap_or_default();
        let is_meant = |(user, _): &OfUser| !lookup.exclusions.except_users.iter().any(|out| out.name() == &**user);
        let of_user = |(user, seen): OfUser| {
            let meant = seen.iter().filter(|(id, _)| lookup.exclusions.allows(*id, None::<&UserKey>));
            let seen: Vec<_> = meant.filter_map(|(id, shown)| Some((*id, shown.value::<C::Seen>()?.clone()))).collect();
            (!seen.is_empty()).then(|| (user.to_string(), seen))
        };
        Present { users: users.into_iter().filter(is_meant).filter_map(of_user).collect() }
    }
}

impl<C: HasPresence> Socket<C> {
    /// What is seen of this connection may be another value now: the hook `presence` is asked again once the current handler has
    /// returned, and if it says another value, the others are told with the next tick.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// #[derive(Clone, PartialEq, serde::Serialize)]
    /// pub struct Seen { cursor: Option<u32> }
    ///
    /// # #[message(type = "move_cursor")] pub struct MoveCursor { to: u32 }
    /// #[channel("/doc/:id", presence = Seen)]
    /// pub struct Doc { id: u64, #[state] cursor: Option<u32> }
    ///
    /// #[channel]
    /// impl Doc {
    ///     fn presence(&self) -> Seen {
    ///         Seen { cursor: self.cursor }
    ///     }
    ///
    ///     #[message]
    ///     fn move_cursor(&mut self, m: MoveCursor, socket: &Socket<Self>) {
    ///         self.cursor = Some(m.to);
    ///         socket.presence_changed();
    ///     }
    /// }
    /// ```
    ///
    /// The hook is first asked before `on_connect`: if what that does is seen, call this in it.
    ///
    /// Never waits, and however often it is called before the hook is asked, that is asked once. Nothing happens if the connection has
    /// ended. A value of more than 1 KiB of JSON is refused and logged: the one before it stays.
    pub fn presence_changed(&self) {
        let outbox = self.member().outbox();
        let names = (C::NAME, PRESENCE);
        if self.member().apart.inbox.put_at(Instant::now(), PresenceChanged, names, || outbox.is_closing()) {
            outbox.wake_owner();
        }
    }
}

/// Of the rooms of the channel's paths, as the registry takes them. `None` if it is not told who is present.
pub(crate) fn bounds<C: Channel>() -> Option<Bounds> {
    let PresenceBounds { grace, every, diffs_up_to } = C::PRESENCE?.bounds;
    Some(Bounds { grace, every, diffs_up_to })
}

/// Stands in the inbox, so that the hook is asked between two handlers.
struct PresenceChanged;

/// What the hook `presence` has said, for the room. `None` if it is as `before`, or is refused.
pub fn shown<C: HasPresence>(before: Option<&Shown>, value: C::Seen) -> Option<Shown> {
    if before.and_then(Shown::value::<C::Seen>) == Some(&value) {
        return None;
    }
    match json(&value) {
        Ok(json) => Some(Shown::new(&json, value)),
        Err(why) => {
            let why = Escaped(why);
            tracing::error!(channel = C::NAME, %why, "what is seen of a connection is not shown");
            None
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    let json = serde_json::to_string(value).map_err(|error| error.to_string())?;
    if json.len() > MOST_BYTES {
        return Err(format!("it has {} bytes of JSON, and at most {MOST_BYTES} are shown", json.len()));
    }
    match serde_json::from_str(&json) {
        Err(_) => Err("its JSON is no object".into()),
        Ok(Keys { has_id: true }) => Err("its JSON has a key `id`, which is the connection's".into()),
        Ok(Keys { has_id: false }) => Ok(json),
    }
}

/// Of an object.
struct Keys {
    has_id: bool,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;

        impl<'de> Visitor<'de> for OfObject {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut has_id = false;
                while let Some((key, IgnoredAny)) = map.next_entry::<std::borrow::Cow<'_, str>, _>()? {
                    has_id |= key == "id";
                }
                Ok(Keys { has_id })
            }
        }

        deserializer.deserialize_map(OfObject)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_seen_is_a_small_object_without_an_id() {
        assert_eq!(
            json(&json!({ "cursor": null, "ids": [{ "id": 1 }] })).unwrap(),
            r#"{"cursor":null,"ids":[{"id":1}]}"#
        );
        assert_eq!(json(&json!({})).unwrap(), "{}");
        assert!(json(&json!({ "text": "x".repeat(1024 - 11) })).is_ok());
        for refused in
            [json!({ "text": "x".repeat(1024 - 10) }), json!({ "id": 1 }), json!([1]), json!(null), json!("a")]
        {
            assert!(json(&refused).is_err(), "{refused}");
        }
    }
}

//! Who is present in the room: what the server tells of it, and the list that a program keeps.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is told of who is present: all of them, or what has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Presence {
    /// How many users are present. With nothing else, the number alone is told.
    pub count: u64,
    /// All who are, by user. `None` if only a change is told.
    #[serde(default)]
    pub here: Option<BTreeMap<String, Vec<Seen>>>,
    /// Who has come, or is seen otherwise: in place of an entry with the same id.
    #[serde(default, rename = "in")]
    pub entered: BTreeMap<String, Vec<Seen>>,
    /// Who has gone, by the ids of the entries.
    #[serde(default, rename = "out")]
    pub left: BTreeMap<String, Vec<String>>,
}

/// What is seen of one connection of a user.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Seen {
    /// Names the entry. It stays when the user comes back after a loss.
    pub id: String,
    /// The fields of what the channel's hook `presence` returned.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Seen {
    /// As the channel's own type, which is `Deserialize` for that.
    ///
    /// # Errors
    /// If it is not of this type.
    pub fn read<S: DeserializeOwned>(&self) -> serde_json::Result<S> {
        serde_json::from_value(Value::Object(self.fields.clone()))
    }
}

/// Who is present, kept up to date by [`told`](Self::told).
///
/// ```
/// # use channel_client::{Event, Events, Present};
/// # use channel_runtime::Protocol;
/// # async fn follow<C: Protocol>(mut events: Events<C>) {
/// let mut present = Present::default();
/// while let Some(event) = events.next().await {
///     if let Event::Presence(told) = event {
///         present.told(told);
///         println!("{:?}", present.users().collect::<Vec<_>>());
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Present {
    count: u64,
    is_whole: bool,
    users: BTreeMap<String, Vec<Seen>>,
}

impl Present {
    /// Changes it as the event [`Presence`](crate::Event::Presence) says.
    pub fn told(&mut self, told: Presence) {
        let Presence { count, here, entered, left } = told;
        self.count = count;
        self.is_whole = here.is_some() || !entered.is_empty() || !left.is_empty();
        if here.is_some() || !self.is_whole {
            self.users.clear();
        }
        for (user, ids) in left {
            self.change(user, |id| ids.iter().any(|gone| gone == id), Vec::new());
        }
        for (user, seen) in here.unwrap_or(entered) {
            let ids: Vec<String> = seen.iter().map(|seen| seen.id.clone()).collect();
            self.change(user, |id| ids.iter().any(|known| known == id), seen);
        }
    }

    fn change(&mut self, user: String, is_gone: impl Fn(&str) -> bool, now: Vec<Seen>) {
        let mut seen = self.users.remove(&user).unwrap_or_default();
        seen.retain(|seen| !is_gone(&seen.id));
        seen.extend(now);
        if !seen.is_empty() {
            self.users.insert(user, seen);
        }
    }

    /// How many users are present.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// False if the number alone is known: in a large room, and before the first event.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The users, sorted by name.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// What is seen of each of the user's connections. Empty if the user is not present.
    pub fn of(&self, user: &str) -> &[Seen] {
        self.users.get(user).map_or(&[], Vec::as_slice)
    }
}

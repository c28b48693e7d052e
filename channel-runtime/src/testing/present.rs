//! Who is present, as a client in a test has been told.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::connection::id::ConnectionId;

/// Who is present in the room, as a client has been told so far: [`Client::present`](super::Client::present).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Present {
    /// How many users are.
    pub count: usize,
    /// What is seen of each of their connections, by the users' names and the connections' ids. `None` in a room of which the number
    /// alone is told.
    pub users: Option<BTreeMap<String, BTreeMap<ConnectionId, Value>>>,
    /// How many frames have told it.
    pub frames: usize,
}

#[derive(Deserialize)]
struct Frame {
    count: usize,
    here: Option<BTreeMap<String, Vec<Seen>>>,
    #[serde(default)]
    r#in: BTreeMap<String, Vec<Seen>>,
    #[serde(default)]
    out: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Seen {
    id: String,
    #[serde(flatten)]
    value: BTreeMap<String, Value>,
}

impl Present {
    /// The names of the users, sorted. Empty if their number alone is told.
    pub fn users(&self) -> Vec<&str> {
        self.users.iter().flat_map(|users| users.keys()).map(String::as_str).collect()
    }

    /// What is seen of a user's connections, in the order of their ids. Empty if the user is not present.
    pub fn of(&self, user: &str) -> Vec<&Value> {
        self.users.iter().filter_map(|users| users.get(user)).flat_map(BTreeMap::values).collect()
    }

    /// # Errors
    /// The text, if it tells what can't be: who goes was not there, who comes in is there already as it is, or the count is another.
    pub(super) fn told(&mut self, text: &str) -> Result<(), String> {
        let unread = || format!("the client can't read `{text}`");
        let frame: Frame = serde_json::from_str(text).map_err(|_| unread())?;
        self.frames += 1;
        self.count = frame.count;
        if let Some(here) = frame.here {
            self.users = Some(BTreeMap::new());
            self.enter(here).ok_or_else(unread)?;
        } else if frame.r#in.is_empty() && frame.out.is_empty() {
            self.users = None;
        } else {
            self.enter(frame.r#in).ok_or_else(unread)?;
            self.leave(&frame.out).ok_or_else(|| format!("somebody leaves who was not here: `{text}`"))?;
        }
        match &self.users {
            Some(users) if users.len() != self.count => Err(format!("there are {} users now: `{text}`", users.len())),
            _ => Ok(()),
        }
    }

    /// `None` if one is there already as it is.
    fn enter(&mut self, all: BTreeMap<String, Vec<Seen>>) -> Option<()> {
        for (user, seen) in all {
            let known = self.users.as_mut()?.entry(user).or_default();
            for Seen { id, value } in seen {
                let value = Value::Object(value.into_iter().collect());
                if known.insert(id.parse().ok()?, value.clone()) == Some(value) {
                    return None;
                }
            }
        }
        Some(())
    }

    fn leave(&mut self, all: &BTreeMap<String, Vec<String>>) -> Option<()> {
        let users = self.users.as_mut()?;
        for (user, ids) in all {
            let known = users.get_mut(user)?;
            for id in ids {
                known.remove(&id.parse().ok()?)?;
            }
            if known.is_empty() {
                users.remove(user);
            }
        }
        Some(())
    }
}

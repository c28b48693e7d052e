//! Who is present, as a client in a test has been told.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::expectation::Expectation;
use super::framework::not_heard;
use crate::channel::presence::HasPresence;
use crate::connection::id::ConnectionId;

/// Who is present in the room, as a client has been told so far: [`Client::present`].
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

impl<C: HasPresence> Client<C> {
    /// Who is present, as this client has been told when no work is in progress. What has changed is told with the next tick, 250 ms
    /// later if the channel says nothing else: let the time pass first, on a paused clock.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels, testing};
    /// # use std::time::Duration;
    /// #[derive(Clone, PartialEq, serde::Serialize)]
    /// pub struct Seen { role: String }
    ///
    /// #[channel("/doc/:user", presence = Seen)]
    /// pub struct Doc { user: String }
    ///
    /// #[channel]
    /// impl Doc {
    ///     fn identity(&self) -> &String { &self.user }
    ///     fn presence(&self) -> Seen { Seen { role: "reader".into() } }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = testing::app(channels![Doc].app(()));
    /// let mut ann = app.connect::<Doc>("/doc/ann").await.unwrap();
    /// assert_eq!(ann.present().await.count, 0);
    /// tokio::time::sleep(Duration::from_millis(250)).await;
    /// assert_eq!(ann.present().await.users(), ["ann"]);
    /// assert_eq!(ann.present().await.of("ann")[0]["role"], "reader");
    /// # }
    /// ```
    ///
    /// # Panics
    /// If it was told nothing of it, or what can't be: who leaves was not present, or who enters is there already as it is.
    #[track_caller]
    pub fn present(&mut self) -> Expectation<'_, Present> {
        let frames = &mut self.frames;
        Expectation::new(async move {
            let first = frames.framework_text("$presence", |_| true).await?;
            frames.settled().await?;
            match first {
                Some(_) => Ok(frames.present().clone()),
                None => Err(not_heard("$presence", frames)),
            }
        })
    }
}

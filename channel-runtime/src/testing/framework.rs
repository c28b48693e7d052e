//! What a knowing client hears of the framework itself, in a test: kept apart from its messages.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::expectation::{Expectation, Failure};
use super::frames::Frames;
use super::present::Present;
use crate::channel::Channel;
use crate::channel::presence::HasPresence;
use crate::connection::id::ConnectionId;
use crate::room;
use crate::room::joined::Fresh;

/// What a knowing client hears first, of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// How long the server is silent at most, in whole milliseconds. `None` if it does not ping.
    pub ping_interval: Option<Duration>,
    /// The longest message that it takes, in bytes.
    pub max_bytes: usize,
}

/// What a knowing client hears when it is a member, before what `on_connect` sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Joined {
    /// The connection, as [`Socket::id`](crate::Socket::id).
    pub id: ConnectionId,
    /// If the client was made for another wire, how that differs: `compatible`, `breaks` or `unknown`.
    pub outdated: Option<String>,
    /// Whether it goes on where it was. `None` if the room has no history.
    past: Option<room::joined::Joined>,
}

impl Joined {
    /// How many messages the client has missed, which follow. `None` if it has begun anew.
    pub fn resumed(&self) -> Option<u32> {
        self.past?.resumed()
    }

    /// Why it has begun anew. `None` if it goes on, and if the room has no history.
    pub fn fresh(&self) -> Option<Fresh> {
        self.past?.fresh()
    }
}

struct UnknownReason;

/// What the server says as a client joins a room.
#[derive(Deserialize)]
struct Told {
    #[serde(default, rename = "$room")]
    room: String,
    #[serde(default)]
    id: String,
    resumed: Option<u32>,
    fresh: Option<String>,
    outdated: Option<String>,
}

impl Told {
    fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// # Errors
    /// If it says what this server does not.
    fn past(&self) -> Result<Option<room::joined::Joined>, UnknownReason> {
        match (self.resumed, &self.fresh) {
            (Some(missed), _) => Ok(Some(room::joined::Joined::Resumed { missed })),
            (None, None) => Ok(None),
            (None, Some(name)) => {
                let all = [Fresh::First, Fresh::Expired, Fresh::Replaced, Fresh::TooFar];
                let reason = all.into_iter().find(|reason| reason.name() == name).ok_or(UnknownReason)?;
                Ok(Some(room::joined::Joined::Fresh { reason }))
            }
        }
    }
}

/// What a knowing client hears before a close after which it comes back: 1001, 1012, 1013, and [moved](crate::Audience::redirect).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closing {
    /// The least time until it may come back.
    pub retry_after: Duration,
    /// The time behind that in which all come back who are closed now: each at a time of its own.
    pub retry_window: Duration,
    /// The path to which it comes, if it is moved.
    pub to: Option<String>,
}

impl<C: Channel> Client<C> {
    /// What the server said of the connection to a [knowing](super::Connect::knowing) client. It is no message: `expect` does not see
    /// it, before this or after.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn hello(&mut self) -> Expectation<'_, Hello> {
        self.heard("$hello", |frame| {
            Some(Hello {
                ping_interval: match frame.get("ping_ms") {
                    Some(ping) => Some(Duration::from_millis(ping.as_u64()?)),
                    None => None,
                },
                max_bytes: frame["max_bytes"].as_u64()?.try_into().ok()?,
            })
        })
    }

    /// As [`hello`](Self::hello), of the membership.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn joined(&mut self) -> Expectation<'_, Joined> {
        self.joined_to("")
    }

    /// As [`joined`](Self::joined), of a declared room with a history, such as `table:7`.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn joined_room(&mut self, room: &str) -> Expectation<'_, Joined> {
        self.joined_to(room)
    }

    /// As [`hello`](Self::hello), of the close that follows.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn closing(&mut self) -> Expectation<'_, Closing> {
        let millis = |frame: &Value, key: &str| frame[key].as_u64().map(Duration::from_millis);
        self.heard("$closing", move |frame| {
            let retry_after = millis(frame, "retry_after_ms")?;
            let to = frame["to"].as_str().map(str::to_owned);
            Some(Closing { retry_after, retry_window: millis(frame, "retry_window_ms")?, to })
        })
    }

    /// Empty for the path's room.
    #[track_caller]
    fn joined_to<'a>(&'a mut self, room: &str) -> Expectation<'a, Joined> {
        let (frames, room) = (&mut self.frames, room.to_owned());
        Expectation::new(async move {
            let is_of = |text: &str, room: &str| Told::of(text).is_some_and(|told| told.room == room);
            let own = frames.framework_text("$joined", |text| is_of(text, "")).await?;
            let own = own.and_then(|text| Told::of(&text)).ok_or_else(|| not_heard("$joined", frames))?;
            let text = frames.framework_text("$joined", |text| is_of(text, &room)).await?;
            let text = text.ok_or_else(|| not_heard(&format!("$joined of the room `{room}`"), frames))?;
            let unread = || format!("the client can't read `{text}`");
            let told = Told::of(&text).ok_or_else(unread)?;
            let past = told.past().map_err(|_| unread())?;
            Ok(Joined { id: own.id.parse().map_err(|_| unread())?, outdated: own.outdated, past })
        })
    }

    #[track_caller]
    fn heard<'a, T: 'a>(
        &'a mut self,
        kind: &'static str,
        read: impl Fn(&Value) -> Option<T> + Send + 'a,
    ) -> Expectation<'a, T> {
        let frames = &mut self.frames;
        Expectation::new(async move {
            let text = frames.framework_text(kind, |_| true).await?.ok_or_else(|| not_heard(kind, frames))?;
            let read = serde_json::from_str(&text).ok().and_then(|frame| read(&frame));
            read.ok_or_else(|| format!("the client can't read `{text}`"))
        })
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

fn not_heard(kind: &str, frames: &Frames) -> Failure {
    match frames.is_knowing() {
        true => format!("expected {kind}, but everything has settled and none came"),
        false => format!("expected {kind}, which only a client hears that connects as `.knowing()`"),
    }
}

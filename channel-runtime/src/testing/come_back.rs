//! A client in a test that loses its connection and comes back, or follows to where it was moved.

use serde_json::Value;

use super::client::Client;
use super::door::Return;
use super::expectation::{Expectation, Failure};
use crate::channel::Channel;

impl<C: Channel> Client<C> {
    /// Loses the connection: its stream ends without a Close. What was received and not taken is lost with it.
    pub fn lose(&mut self) {
        self.frames.lose();
    }

    /// Connects again as before, with the same path, query, headers and address, and says where it was in the histories of its rooms:
    /// behind the last message that the test has taken of each. If the connection was not lost before, it is now. The consequences
    /// of the loss, and what else is in progress, come first.
    ///
    /// ```
    /// # use channel_runtime::{Socket, channel, channels, message, testing};
    /// # #[message(type = "say")] pub struct Say { text: String }
    /// # #[message(type = "said")] pub struct Said { text: String }
    /// #[channel("/chat/:room", history)]
    /// pub struct Chat { room: String }
    /// # #[channel(sends(Said))]
    /// # impl Chat {
    /// #     #[message] fn say(&self, say: Say, socket: &Socket<Self>) { socket.room().send(Said { text: say.text }); }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app = testing::app(channels![Chat].app(()));
    /// let mut ann = app.connect::<Chat>("/chat/lounge").await.unwrap();
    /// let mut bob = app.connect::<Chat>("/chat/lounge").await.unwrap();
    /// ann.lose();
    /// bob.send(Say { text: "anybody here?".to_owned() });
    /// let mut ann = ann.come_back().await;
    /// assert_eq!(ann.joined().await.resumed(), Some(1));
    /// assert_eq!(ann.expect::<Said>().await.text, "anybody here?");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When awaited, if the connection is refused.
    #[track_caller]
    pub fn come_back(self) -> Expectation<'static, Self> {
        Expectation::new(async move {
            let (path, positions) = (self.path.clone(), self.frames.positions().clone());
            self.enter_again(Return { path, positions }).await
        })
    }

    /// Connects to where the server has [moved](crate::Audience::redirect) the client, as generated clients do by themselves: with the same
    /// query, headers and address. What was received before and not taken is lost. It is for a [knowing](super::Connect::knowing) client;
    /// what another one is told, [`expect_close`](Self::expect_close) returns.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels, testing};
    /// #[channel("/desk/:number")]
    /// pub struct Desk { number: u32 }
    ///
    /// # #[channel] impl Desk {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let channels = channels![Desk];
    /// let desks = channels.of::<Desk>();
    /// let app = testing::app(channels.app(()));
    /// let ann = app.connect::<Desk>("/desk/3").knowing().await.unwrap();
    /// desks.room(&Desk::room(&3)).redirect(&Desk::room(&8));
    /// let ann = ann.follow().await;
    /// assert_eq!(desks.room(&Desk::room(&8)).len(), 1);
    /// # drop(ann);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When awaited, if the client was not moved, or the connection is refused.
    #[track_caller]
    pub fn follow(mut self) -> Expectation<'static, Self> {
        Expectation::new(async move {
            let closing = self.frames.framework_text("$closing", |_| true).await?;
            let to =
                closing.and_then(|text| Some(serde_json::from_str::<Value>(&text).ok()?["to"].as_str()?.to_owned()));
            let path = to.ok_or("expected to be moved, which only a client hears that connects as `.knowing()`")?;
            let positions = self.frames.positions().of_declared_rooms();
            self.enter_again(Return { path, positions }).await
        })
    }

    async fn enter_again(self, back: Return) -> Result<Self, Failure> {
        let Self { mut frames, door, .. } = self;
        let path = back.path.clone();
        frames.lose();
        frames.settle().await?;
        let entered = door(back).await?;
        frames.settle().await?;
        let frames = entered.map_err(|refused| format!("the client can't come back: {refused}"))?;
        Ok(Self::new(frames, &path, door))
    }
}

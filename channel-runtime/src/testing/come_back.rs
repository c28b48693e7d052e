//! A client in a test that loses its connection, and comes back.

use super::client::Client;
use super::expectation::Expectation;
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
            let Self { mut frames, path, door, .. } = self;
            frames.lose();
            frames.settle().await?;
            let entered = door(frames.positions().clone()).await?;
            frames.settle().await?;
            let frames = entered.map_err(|refused| format!("the client can't come back: {refused}"))?;
            Ok(Self::new(frames, &path, door))
        })
    }
}

//! A client in Rust answers what a server in the same process asks.

#![allow(missing_docs)]

use channel_client::Client;
use channel_runtime::{AskError, Deferred, Fault, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};

#[message(type = "confirm", answer = Yes)]
pub struct Confirm {
    text: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct Yes {
    yes: bool,
}

#[channel("/desk")]
pub struct Desk;

#[channel(sends(Confirm))]
impl Desk {
    /// Says what came of the question.
    #[message(type = "delete")]
    fn delete(&self, socket: &Socket<Self>) -> Deferred<Success<String>> {
        let (socket, (answer, deferred)) = (socket.clone(), socket.defer().typed());
        tokio::spawn(async move {
            let outcome = socket.ask(Confirm { text: "all of it?".into() }).await;
            answer.send(Success(match outcome {
                Ok(answer) => format!("{answer:?}"),
                Err(AskError::Failed(fault)) => fault.code.into_owned(),
                Err(error) => error.to_string(),
            }));
        });
        deferred
    }
}

#[tokio::test]
async fn a_client_answers_declines_and_says_what_it_does_not_know() {
    let server = channels![Desk].app(()).bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", server.local_addr());
    tokio::spawn(server.run());
    let desk = Client::<Desk>::new(Desk::room()).url(&url).open();
    let told = async || -> String { desk.request(DeskFromClient::delete()).await.unwrap() };
    assert_eq!(told().await, Fault::UNKNOWN_TYPE);
    desk.answer(|question: Confirm| async move { Ok(Yes { yes: question.text == "all of it?" }) });
    assert_eq!(told().await, "Yes { yes: true }");
    // The newest function counts.
    desk.answer(|_: Confirm| async { Err(Fault::new("desk.no", "never")) });
    assert_eq!(told().await, "desk.no");
}

//! `examples/bots.rs`.

// Of the example.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../examples/bots.rs"]
mod bots;

use bots::{Chat, ChatToClient, Say, server};
use channel_client::{Client, Event};

#[tokio::test]
async fn all_lines_of_all_bots_are_answered_and_heard_in_their_room() {
    let server = server().bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", server.local_addr());
    tokio::spawn(server.run());
    let listener = Client::<Chat>::new("/chat/bots-1").url(&url).open();
    // It is in the room before the bots are.
    listener.request(Say { line: "first".to_owned() }).await.unwrap();
    let mut events = listener.events();
    let heard = tokio::spawn(async move {
        let mut lines = 0;
        while lines < 5 * 20 {
            let event = events.next().await.unwrap();
            lines += usize::from(matches!(event, Event::Message(ChatToClient::Said(said)) if said.line.contains(':')));
        }
    });
    assert_eq!(bots::run(&url, 15, 20).await.unwrap(), 15 * 20);
    heard.await.unwrap();
}

//! A load test in a few lines: bots that chat with the example `chat`, with the structs of its server.
//!
//! Run `cargo run --example chat`, and beside it `cargo run -p channel-client --example bots -- ws://127.0.0.1:3030 200 50`: so many
//! bots, each of which sends so many lines to its room of ten.

use std::env;
use std::time::Instant;

use channel_client::{Client, Error};
use tokio::task::JoinSet;

use self::chat::{ChatChannel, ChatMessage};

#[allow(dead_code)]
#[path = "../../examples/chat.rs"]
pub mod chat;

/// How many lines the server has answered.
pub async fn run(url: &str, bots: usize, lines: usize) -> Result<usize, Error> {
    let mut all = JoinSet::new();
    for bot in 0..bots {
        let chat = Client::<ChatChannel>::new(ChatChannel::room(&format!("bots-{}", bot / 10))).url(url).open();
        all.spawn(async move {
            for line in 0..lines {
                chat.request(ChatMessage { message: format!("{bot}: line {line}") }).await?;
            }
            Ok(lines)
        });
    }
    all.join_all().await.into_iter().sum()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (bots, lines) = (number(1, 100)?, number(2, 100)?);
    let begun = Instant::now();
    let answered = run(arguments.first().map_or("ws://127.0.0.1:3030", String::as_str), bots, lines).await?;
    println!("{bots} bots: {answered} lines answered in {:.2?}", begun.elapsed());
    Ok(())
}

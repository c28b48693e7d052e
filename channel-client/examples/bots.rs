//! A load test in a few lines: bots that chat, with the structs of the server.
//!
//! `cargo run -p channel-client --example bots -- 200 50`: so many bots, each of which sends so many lines to its room of ten. A third
//! argument, such as `ws://127.0.0.1:3030`, is a server that runs elsewhere; otherwise one runs in this process.

use std::env;
use std::time::Instant;

use channel_client::{Client, Error};
use channel_runtime::{Fault, Server, Socket, channel, channels, message};
use tokio::task::JoinSet;

/// A line for the room.
#[message(type = "say")]
pub struct Say {
    /// Not empty.
    pub line: String,
}

/// What the room receives.
#[message(type = "said")]
pub struct Said {
    /// As it was sent.
    pub line: String,
}

/// A chat.
#[channel("/chat/:room")]
pub struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&self, Say { line }: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        if line.is_empty() {
            return Err(Fault::validation("say something"));
        }
        socket.room().send(Said { line });
        Ok(())
    }
}

/// For bots that have none elsewhere.
pub fn server() -> Server<()> {
    channels![Chat].app(())
}

/// How many lines the server has answered.
pub async fn run(url: &str, bots: usize, lines: usize) -> Result<usize, Error> {
    let mut all = JoinSet::new();
    for bot in 0..bots {
        let chat = Client::<Chat>::new(Chat::room(&format!("bots-{}", bot / 10))).url(url).open();
        all.spawn(async move {
            for line in 0..lines {
                chat.request(Say { line: format!("{bot}: line {line}") }).await?;
            }
            Ok(lines)
        });
    }
    all.join_all().await.into_iter().sum()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).map_or(Ok(100), |text| text.parse());
    let (bots, lines) = (number(0)?, number(1)?);
    let url = match arguments.get(2) {
        Some(url) => url.clone(),
        None => {
            let bound = server().bind("127.0.0.1:0").await?;
            let url = format!("ws://{}", bound.local_addr());
            tokio::spawn(bound.run());
            url
        }
    };
    let begun = Instant::now();
    let answered = run(&url, bots, lines).await?;
    println!("{bots} bots: {answered} lines answered in {:.2?}", begun.elapsed());
    Ok(())
}

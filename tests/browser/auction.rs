//! A server of the browser tests: two channels with what no example has together, the page of `contract::page`, an empty page, and
//! the files that are made for React.
//!
//! `PING_MS` is the ping interval, `PONG_MS` the time for the pong: what takes a minute by default takes seconds in a test.

use std::env;
use std::time::Duration;

use channel_runtime::describe::{Describe, Needs};
use channel_runtime::{
    Auth, Authenticate, Config, Extract, Fault, Handshake, Reject, Socket, Success, Token, channel, channels, contract,
    message,
};
use serde::{Deserialize, Serialize};
use warp::{Filter, reply};

const EMPTY: &str =
    r#"<!doctype html><meta charset="utf-8"><title>Auction</title><link rel="icon" href="data:,"><body></body>"#;

/// Who bids: anybody whose token begins with `bidder-`.
struct Bidder {
    name: String,
}

impl Authenticate<()> for Bidder {
    async fn authenticate(token: Token, (): &()) -> Result<Self, Reject> {
        let name = token.expose().strip_prefix("bidder-").ok_or(Reject::forbidden("no bidder of ours"))?;
        Ok(Self { name: name.to_owned() })
    }
}

/// `?paddle=7`
struct Paddle(u8);

impl Extract<()> for Paddle {
    const NEEDS: Needs = Needs::query("paddle");

    async fn extract(handshake: &Handshake, (): &()) -> Result<Self, Reject> {
        let paddle = handshake.query_param("paddle").and_then(|text| text.parse().ok());
        paddle.map(Self).ok_or(Reject::bad_request("a paddle is a number below 256"))
    }
}

/// What is seen of a bidder.
#[derive(Clone, PartialEq, Serialize, Describe)]
struct Seen {
    bidder: String,
}

/// Bids are taken here.
#[channel("/auction/:lot", presence(Seen, grace = "1s", every = "50ms"))]
struct Auction {
    lot: String,
    #[extract]
    bidder: Auth<Bidder>,
    #[extract]
    paddle: Paddle,
    #[state]
    highest: u64,
}

/// The first message to everyone who connects.
#[message(type = "catalog")]
struct Catalog {
    lot: String,
    bidder: String,
    paddle: u8,
}

/// Bids so much.
#[message(type = "bid")]
struct Bid {
    amount: u64,
}

/// To everyone, when a bid is taken.
#[message(type = "highest")]
struct Highest {
    amount: u64,
}

#[message(type = "wave", rate = "4/min", burst = 2)]
struct Wave;

/// Asked of who bids for the crown.
#[message(type = "certain", answer = Certainty)]
struct Certain {
    amount: u64,
}

#[derive(Deserialize, Describe)]
struct Certainty {
    is_certain: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Describe)]
struct Step {
    least: u64,
}

/// Why a bid is not taken.
#[derive(Debug, Fault)]
enum NotTaken {
    /// It is not more than the bid before.
    #[fault("bid.too_low", "bid {least} or more")]
    TooLow { least: u64, steps: Vec<Step> },
    #[fault("bid.closed", "the auction is over")]
    Closed,
}

#[channel(sends(Catalog, Highest, Certain))]
impl Auction {
    fn identity(&self) -> u64 {
        self.paddle.0.into()
    }

    fn presence(&self) -> Seen {
        Seen { bidder: self.bidder.name.clone() }
    }

    fn on_connect(&mut self) -> Catalog {
        Catalog { lot: self.lot.clone(), bidder: self.bidder.name.clone(), paddle: self.paddle.0 }
    }

    #[message(rate = "3/s", per = "user", timeout = "1500ms")]
    async fn bid(&mut self, bid: Bid, socket: &Socket<Self>) -> Result<Success<u64>, NotTaken> {
        if self.lot == "sold" {
            return Err(NotTaken::Closed);
        }
        if bid.amount <= self.highest {
            let least = self.highest + 1;
            return Err(NotTaken::TooLow { least, steps: vec![Step { least }] });
        }
        if self.lot == "crown" {
            let certain = socket.ask(Certain { amount: bid.amount }).await;
            if !certain.is_ok_and(|Certainty { is_certain }| is_certain) {
                return Ok(Success(self.highest));
            }
        }
        self.highest = bid.amount;
        socket.room().send(Highest { amount: bid.amount });
        Ok(Success(bid.amount))
    }

    #[message]
    fn wave(&mut self, _: Wave) {}
}

/// Rings for all who wait.
#[channel("/bell")]
struct Bell;

#[message(type = "ring")]
struct Ring {
    times: u8,
}

#[message(type = "rang")]
struct Rang {
    times: u8,
}

#[channel(sends(Rang))]
impl Bell {
    #[message]
    fn ring(&mut self, ring: Ring, socket: &Socket<Self>) {
        socket.room().send(Rang { times: ring.times });
    }
}

/// From the environment, in ms.
fn ms(name: &str) -> Option<Duration> {
    env::var(name).ok().map(|text| Duration::from_millis(text.parse().expect("a number of ms")))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let default = Config::default();
    let config = Config::default()
        .ping_interval(ms("PING_MS").or(default.ping_interval))
        .pong_timeout(ms("PONG_MS").unwrap_or(default.pong_timeout));
    let server = channels![Auction, Bell].app(()).config(config);
    let page = contract::page(&server);
    let description = server.describe();
    let made = contract::typescript(&description);
    let (client, hooks) = (made.typescript().expect("all types are described"), made.react("./channels.ts"));
    let files = warp::path!("channels.ts").map(move || client.clone());
    let files = files.or(warp::path!("channels.react.ts").map(move || hooks.clone()));
    let files = files.or(warp::path::end().map(|| reply::html(EMPTY)));
    let bound = server.or(page).or(files).bind(env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into())).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}

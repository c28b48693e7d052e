//! A server of the tests of the client in TypeScript: its limits are few and small. The generated client is at `/channels.js`.
//!
//! `PLACES` is the most connections.

use std::env;

use channel_runtime::{Config, Success, channel, channels, contract, message};
use warp::{Filter, reply};

#[channel("/counter")]
struct Counter {
    #[state]
    count: usize,
}

#[message(type = "count")]
struct Count {}

#[channel]
impl Counter {
    #[message(rate = "10/s")]
    fn count(&mut self, _: Count) -> Success<usize> {
        self.count += 1;
        Success(self.count)
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let places = env::var("PLACES").map_or(Config::default().connections, |text| text.parse().expect("a number"));
    let server = channels![Counter].app(()).config(Config::default().connections(places));
    let client = contract::typescript(&server.describe()).javascript().expect("all types are described");
    let file =
        warp::path!("channels.js").map(move || reply::with_header(client.clone(), "content-type", "text/javascript"));
    let bound = server.or(file).bind(env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into())).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}

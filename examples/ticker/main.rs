//! A ticker: 500 symbols and 2000 updates a second, for clients on any network. A client that is behind is sent the newest value of
//! each symbol, and none of those that it had no time for: it is never closed for being slow, and slows nobody.
//!
//! All of that is one argument, `latest(key = symbol, every = "100ms")` on [`Tick`]. Beside it the same updates are sent without it, as
//! [`EachTick`]: on a slow network these wait, grow old, and their client is closed when too much waits for it.
//!
//! Run `cargo run --example ticker`, open the printed address, and switch to the slow network: a proxy in this program, which passes
//! about half of what is sent. It listens at the next port, or at `SLOW_ADDR`; a browser on another machine has to reach both.

use std::env;
use std::net::SocketAddr;
use std::time::Duration;

use channel_runtime::{Config, Hub, Origins, Server, channel, channels, message};
use tokio::net::TcpListener;
use tokio::time::interval;
use warp::{Filter, reply};

use self::client::client;
use self::files::files;
use self::market::{Market, Quote};

#[path = "../shared/client.rs"]
mod client;
#[path = "../shared/files.rs"]
mod files;
pub mod market;
pub mod network;

// No history: who comes back is sent the newest values, and no others count.
#[channel("/newest")]
pub struct Newest;

#[message(type = "tick", latest(key = symbol, every = "100ms"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub symbol: String,
    pub quote: Quote,
}

#[channel(sends(Tick))]
impl Newest {}

// No history: what was too much for a client would be sent to it again.
#[channel("/each")]
pub struct Each;

#[message(type = "tick")]
#[derive(Clone, Debug, PartialEq)]
pub struct EachTick {
    pub symbol: String,
    pub quote: Quote,
}

#[channel(sends(EachTick))]
impl Each {}

/// What happens in the market is sent to whoever is connected, each update to both channels.
pub struct Feed {
    pub market: Market,
    pub newest: Hub<Newest>,
    pub each: Hub<Each>,
}

impl Feed {
    pub fn send(&mut self) {
        let (symbol, quote) = self.market.update();
        self.each.all().send(EachTick { symbol: symbol.clone(), quote });
        self.newest.all().send(Tick { symbol, quote });
    }

    /// Sends 2000 updates a second, and waits for nobody.
    async fn run(mut self) {
        let mut clock = interval(Duration::from_millis(10));
        loop {
            clock.tick().await;
            (0..20).for_each(|_| self.send());
        }
    }
}

/// The channels and their page, which finds the slow network at this port, and what is sent.
pub fn server(slow_port: u16, seed: u64) -> (Server<()>, Feed) {
    let channels = channels![Newest, Each];
    let feed = Feed { market: Market::new(seed), newest: channels.of(), each: channels.of() };
    // At the slow network's port the page is one of another host. Prices are no secret. And what a kernel holds can't be replaced: little
    // of it makes the values younger.
    let config = Config::default().origins(Origins::any()).unsent_bytes(8 * 1024);
    let server = channels.app(()).config(config);
    let html = include_str!("../pages/ticker.html").replace("{slow}", &slow_port.to_string());
    let page = warp::path::end().map(move || reply::html(html.clone()));
    let files = files(client(&server.describe()));
    (server.or(page.or(files)), feed)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let is_any_port = addr.ends_with(":0");
    let listener = TcpListener::bind(addr).await?;
    let here = listener.local_addr()?;
    // The same when it is started again, where the pages look for it that are open.
    let next = SocketAddr::new(here.ip(), if is_any_port { 0 } else { here.port().wrapping_add(1) });
    let slow = TcpListener::bind(env::var("SLOW_ADDR").unwrap_or_else(|_| next.to_string())).await?;
    let slow_addr = slow.local_addr()?;
    let (server, feed) = server(slow_addr.port(), fastrand::u64(..));
    tokio::spawn(feed.run());
    tokio::spawn(network::slow(slow, here));
    println!("listening on http://{here}");
    eprintln!("the slow network is at http://{slow_addr}");
    server.listen(listener).run().await
}

//! A server's metrics for a collector such as Prometheus, and a chat that gives them something to count.
//!
//! Run `cargo run --example metrics`, open the printed address in two tabs and chat; then `curl http://127.0.0.1:3030/metrics`.

use std::env;

use channel_runtime::{Fault, Server, Socket, channel, channels, message};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use warp::Filter;

use self::blank::is_blank;
use self::client::client;
use self::page::page;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: the example is about numbers, and its chat is the smallest.
#[channel("/chat/:room")]
pub struct Chat {
    room: String,
}

#[message(type = "say")]
pub struct Say {
    pub text: String,
}

#[message(type = "said")]
pub struct Said {
    pub room: String,
    pub text: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        if is_blank(&say.text) {
            return Err(Fault::new("chat.empty", "say something"));
        }
        socket.room().send(Said { room: self.room.clone(), text: say.text });
        Ok(())
    }
}

/// The channel, its page, and a route with its numbers as text, which are read at each request. A filter in front of the route, or
/// the proxy, has to decide who may read them.
fn server(prometheus: PrometheusHandle) -> Server<()> {
    let server = channels![Chat].app(());
    let health = server.health();
    let page = page(include_str!("pages/metrics.html"), client(&server.describe()));
    let metrics = warp::path!("metrics").map(move || {
        health.record();
        prometheus.render()
    });
    server.or(page.or(metrics))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let prometheus = PrometheusBuilder::new().install_recorder().map_err(std::io::Error::other)?;
    let bound = server(prometheus).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}

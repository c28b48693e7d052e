//! What one writes without us: socketioxide with its Redis adapter, which is told the same, and has no clients.

use std::io;
use std::time::{Duration, Instant};

use bench::serving::{Serving, Threads, announce};
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::task::JoinSet;

use crate::node::{Answer, EMPTY_ROOMS, Order, ROOM, TEXT, orders, tell};

/// Who send, each waiting for Redis, as handlers of so many clients do.
const SENDERS: u64 = 64;

pub fn run(serving: &Serving, bus: &str) -> io::Result<()> {
    serving.begin()?;
    Threads { threads: 1 }.run(async {
        let client = redis::Client::open(format!("{bus}?protocol=resp3")).map_err(io::Error::other)?;
        let adapter = RedisAdapterCtr::new_with_redis(&client).await.map_err(io::Error::other)?;
        let (_layer, node) = SocketIo::builder().with_adapter::<RedisAdapter<_>>(adapter).build_layer();
        node.ns("/", async || {}).await.map_err(io::Error::other)?;
        announce(serving.addr);
        let mut ordered = orders();
        while let Some(Order::Send { empty, seconds, .. }) = ordered.recv().await {
            let mut senders = JoinSet::new();
            for sender in 0..SENDERS {
                senders.spawn(send(node.clone(), sender, empty, seconds));
            }
            let (mut messages, mut refused) = (0, 0);
            for (sent, failed) in senders.join_all().await {
                messages += sent;
                refused += failed;
            }
            tell(&Answer::Sent { messages, refused });
        }
        Ok(())
    })
}

async fn send<A: Adapter>(node: SocketIo<A>, sender: u64, rate: u64, seconds: f64) -> (u64, u64) {
    let begun = Instant::now();
    let (mut sent, mut refused) = (0, 0);
    loop {
        let passed = begun.elapsed().as_secs_f64();
        // In turns with the other senders.
        while sent * SENDERS + sender < (passed.min(seconds) * rate as f64) as u64 && passed < seconds {
            let room = 1 + ROOM + (sent * SENDERS + sender) % EMPTY_ROOMS;
            let said = node.to(room.to_string()).emit("said", &"x".repeat(TEXT)).await;
            refused += u64::from(said.is_err());
            sent += 1;
        }
        if passed >= seconds {
            return (sent, refused);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

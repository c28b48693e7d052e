//! Connections that are cut while the bus lives on, and another could be had at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{Bus, Kind, Link, Settings, Subject, engine, over_each, try_link};

over_each! {
    what_is_cut_is_not_connected_again_behind_the_lanes_back
}

/// What passes on connections to a bus, until they are cut.
struct Way {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    cut: Arc<Notify>,
}

impl Way {
    async fn to(bus: &Bus) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let way = Self {
            addr: listener.local_addr().expect("it is bound"),
            connections: Arc::default(),
            cut: Arc::default(),
        };
        let (to, connections, cut) = (bus.addr(), Arc::clone(&way.connections), Arc::clone(&way.cut));
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let cut = Arc::clone(&cut);
                tokio::spawn(async move {
                    let mut bus = TcpStream::connect(to).await.expect("a bus that runs");
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut bus) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        way
    }
}

async fn what_is_cut_is_not_connected_again_behind_the_lanes_back(kind: Kind) {
    let bus = Bus::start(kind).await;
    let way = Way::to(&bus).await;
    let url = bus.url().replace(&bus.addr().to_string(), &way.addr.to_string());
    let engine = engine(kind, &url, Settings::default());
    let Link { mut publisher, mut inbound, .. } = try_link(&*engine, "shop", 1).await.expect("a bus that runs");
    let connections = way.connections.load(Ordering::Relaxed);

    way.cut.notify_waiters();
    assert!(inbound.next().await.is_err());
    assert!(publisher.publish(Subject::Lane, "too late".into()).await.is_err());
    assert_eq!(way.connections.load(Ordering::Relaxed), connections);

    let mut again = try_link(&*engine, "shop", 1).await.expect("a bus that runs");
    again.say("again").await;
    assert_eq!(again.hears().await, "again");
}

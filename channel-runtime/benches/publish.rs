//! What one send to a room costs its sender. The members are connections as any, but their streams are memory: what is
//! measured is the encoding and the push into every outbox; the writing comes after, in tasks that have their turn then.
//!
//! With the feature `cluster` also what it costs to be in one: both sides of a row are measured in turns, so that whatever else the
//! machine does falls on both alike.

#[cfg(feature = "cluster")]
mod beside;

use std::hint::black_box;
use std::time::{Duration, Instant};

use channel_runtime::{Hub, Server, channel, channels, message};
use criterion::{BenchmarkId, Criterion, Throughput};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

/// How many sends are measured in one go, before the members have their turn to take them.
const SENDS: u64 = 64;

#[message(type = "said")]
struct Said {
    text: String,
}

/// As long as the other.
#[message(type = "seen", latest)]
struct Seen {
    text: String,
}

#[channel("/room")]
struct Room;

#[channel(sends(Said, Seen))]
impl Room {}

/// In bytes, of the text and of the frame around it.
const TEXT: usize = 101;
const FRAME: usize = 4 + br#"{"type":"said","text":""}"#.len() + TEXT;

/// So many members in the room, each its client's end of a stream.
async fn room(members: usize) -> (Hub<Room>, Vec<DuplexStream>) {
    let channels = channels![Room];
    let hub = channels.of::<Room>();
    let clients = connect(channels.app(()), &vec!["/room".to_owned(); members]).await;
    while hub.all().len() < members {
        tokio::task::yield_now().await;
    }
    (hub, clients)
}

async fn connect(server: Server<()>, paths: &[String]) -> Vec<DuplexStream> {
    let service = TowerToHyperService::new(warp::service(server.filter()));
    let mut clients = Vec::new();
    for path in paths {
        let (mut client, server) = duplex(64 * 1024);
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service.clone()).with_upgrades());
        let upgrade = format!(
            "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.write_all(upgrade.as_bytes()).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.expect("the server answers"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        clients.push(client);
    }
    clients
}

/// Takes so many sends from each client's stream.
async fn take(clients: &mut [DuplexStream], sends: usize) {
    let mut taken = vec![0; sends * FRAME];
    for client in clients {
        client.read_exact(&mut taken).await.expect("the members stay");
        assert!(taken.starts_with(b"\x81\x7e"), "a frame begins where the one before it ends");
    }
}

fn said() -> Said {
    Said { text: "x".repeat(black_box(TEXT)) }
}

/// The time of so many sends to the room, without that of their delivery.
fn time(runtime: &Runtime, hub: &Hub<Room>, clients: &mut [DuplexStream], sends: u64) -> Duration {
    runtime.block_on(async {
        let mut time = Duration::ZERO;
        for begun in (0..sends).step_by(SENDS as usize) {
            let sends = SENDS.min(sends - begun);
            let start = Instant::now();
            for _ in 0..sends {
                assert!(hub.room(&Room::room()).send(said()).is_complete());
            }
            time += start.elapsed();
            take(clients, sends as usize).await;
        }
        time
    })
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("publish");
    for members in [1, 10, 1000] {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (hub, mut clients) = runtime.block_on(room(members));
        group.throughput(Throughput::Elements(members as u64));
        group.bench_function(BenchmarkId::from_parameter(members), |b| {
            b.iter_custom(|sends| time(&runtime, &hub, &mut clients, sends));
        });
    }
    group.finish();
    criterion.final_summary();
    #[cfg(feature = "cluster")]
    beside::rows();
}

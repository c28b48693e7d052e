//! What one send to a room costs its sender. The members are connections as any, but their streams are memory: what is
//! measured is the encoding and the push into every outbox; the writing comes after, in tasks that have their turn then.

use std::hint::black_box;
use std::time::{Duration, Instant};

use channel_runtime::{Hub, channel, channels, message};
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

#[channel("/room")]
struct Room;

#[channel(sends(Said))]
impl Room {}

/// In bytes, of the text and of the frame around it.
const TEXT: usize = 101;
const FRAME: usize = 4 + br#"{"type":"said","text":""}"#.len() + TEXT;

/// So many members in the room, each its client's end of a stream.
async fn room(members: usize) -> (Hub<Room>, Vec<DuplexStream>) {
    let channels = channels![Room];
    let hub = channels.of::<Room>();
    let service = TowerToHyperService::new(warp::service(channels.app(()).filter()));
    let mut clients = Vec::new();
    for _ in 0..members {
        let (mut client, server) = duplex(64 * 1024);
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service.clone()).with_upgrades());
        let upgrade = "GET /room HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        client.write_all(upgrade.as_bytes()).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.expect("the server answers"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        clients.push(client);
    }
    while hub.all().len() < members {
        tokio::task::yield_now().await;
    }
    (hub, clients)
}

/// The time of so many sends to the room, without that of their delivery.
fn time(runtime: &Runtime, hub: &Hub<Room>, clients: &mut [DuplexStream], sends: u64) -> Duration {
    runtime.block_on(async {
        let mut time = Duration::ZERO;
        let mut taken = [0; SENDS as usize * FRAME];
        for begun in (0..sends).step_by(SENDS as usize) {
            let sends = SENDS.min(sends - begun);
            let start = Instant::now();
            for _ in 0..sends {
                black_box(hub.room(&Room::room()).send(Said { text: "x".repeat(black_box(TEXT)) }));
            }
            time += start.elapsed();
            for client in &mut *clients {
                let taken = &mut taken[..sends as usize * FRAME];
                client.read_exact(taken).await.expect("the members stay");
                assert!(taken.starts_with(b"\x81\x7e"), "a frame begins where the one before it ends");
            }
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
}

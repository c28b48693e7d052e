//! What a send costs in a cluster whose bus has no other node, beside none.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use channel_runtime::private::join_empty_bus;
use channel_runtime::{Elsewhere, Hub, channel, channels};
use tokio::io::DuplexStream;
use tokio::runtime::{Builder, Runtime};

use super::{Room, SENDS, Said, Seen, TEXT, connect, room, said, take, time};

const PATHS: [&str; 2] = ["/room", "/rooms/:id"];

const THREADS: usize = 4;

/// By each thread, in one go: enough that they meet.
const SENDS_OF_A_THREAD: usize = 512;

/// A room for each thread.
#[channel("/rooms/:id")]
struct Rooms {
    id: usize,
}

#[channel(sends(Said))]
impl Rooms {}

pub fn rows() {
    println!("\na send, in nanoseconds: median (a tenth is below)");
    for (members, samples) in [(1, 1001), (10, 1001), (1000, 101)] {
        let mut sides = both(members);
        let times = in_turns(samples, &mut sides, |(runtime, hub, clients)| {
            time(runtime, hub, clients, SENDS).as_nanos() as f64 / SENDS as f64
        });
        row(&format!("{members} members"), times);
    }
    let times = in_turns(1001, &mut both(10), |(runtime, hub, clients)| {
        time_of_newest(runtime, hub, clients).as_nanos() as f64 / SENDS as f64
    });
    row("10 members, a newest value", times);
    let mut sides = [false, true].map(|is_in_a_cluster| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (hub, clients) = runtime.block_on(rooms(is_in_a_cluster));
        (runtime, hub, clients)
    });
    let times = in_turns(501, &mut sides, |(runtime, hub, clients)| {
        time_of_threads(runtime, hub, clients).as_nanos() as f64 / SENDS_OF_A_THREAD as f64
    });
    row("4 threads into 4 rooms", times);
}

type Side = (Runtime, Hub<Room>, Vec<DuplexStream>);

fn both(members: usize) -> [Side; 2] {
    [false, true].map(|is_in_a_cluster| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (hub, clients) = runtime.block_on(async {
            let (hub, mut clients) = room(members).await;
            if is_in_a_cluster {
                join_empty_bus(&hub, &PATHS[..1]).await;
            }
            assert_eq!(hub.all().send(said()).elsewhere == Elsewhere::Taken, is_in_a_cluster);
            take(&mut clients, 1).await;
            (hub, clients)
        });
        (runtime, hub, clients)
    })
}

/// The newest one is told afterwards.
fn time_of_newest(runtime: &Runtime, hub: &Hub<Room>, clients: &mut [DuplexStream]) -> Duration {
    runtime.block_on(async {
        let start = Instant::now();
        for _ in 0..SENDS {
            assert!(hub.room(&Room::room()).send(Seen { text: "x".repeat(TEXT) }).is_complete());
        }
        let time = start.elapsed();
        take(clients, 1).await;
        time
    })
}

fn row(name: &str, [mut alone, mut clustered]: [Vec<f64>; 2]) {
    alone.sort_by(f64::total_cmp);
    clustered.sort_by(f64::total_cmp);
    let [median, tenth] = [2, 10].map(|part| (alone[alone.len() / part], clustered[clustered.len() / part]));
    println!(
        "{name:24} alone {:8.0} ({:8.0}), in a cluster {:8.0} ({:8.0}): {:+.0} ({:+.0})",
        median.0,
        tenth.0,
        median.1,
        tenth.1,
        median.1 - median.0,
        tenth.1 - tenth.0,
    );
}

fn in_turns<S>(samples: usize, sides: &mut [S; 2], mut measure: impl FnMut(&mut S) -> f64) -> [Vec<f64>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    // The first is for the caches.
    for sample in 0..=samples {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let time = measure(side);
            if sample > 0 {
                times.push(time);
            }
        }
    }
    times
}

/// Each with one member.
async fn rooms(is_in_a_cluster: bool) -> (Hub<Rooms>, Vec<DuplexStream>) {
    let channels = channels![Room, Rooms];
    let hub = channels.of::<Rooms>();
    let paths: Vec<_> = (0..THREADS).map(|id| format!("/rooms/{id}")).collect();
    let mut clients = connect(channels.app(()), &paths).await;
    while hub.all().len() < THREADS {
        tokio::task::yield_now().await;
    }
    if is_in_a_cluster {
        join_empty_bus(&hub, &PATHS).await;
    }
    assert_eq!(hub.all().send(said()).elsewhere == Elsewhere::Taken, is_in_a_cluster);
    take(&mut clients, 1).await;
    (hub, clients)
}

/// The time that each thread needs for its sends, on average.
fn time_of_threads(runtime: &Runtime, hub: &Hub<Rooms>, clients: &mut [DuplexStream]) -> Duration {
    let barrier = Barrier::new(THREADS);
    let send_all = |id: usize| {
        barrier.wait();
        let start = Instant::now();
        for _ in 0..SENDS_OF_A_THREAD {
            assert!(hub.room(&Rooms::room(&id)).send(said()).is_complete());
        }
        start.elapsed()
    };
    let times: Duration = thread::scope(|scope| {
        let send_all = &send_all;
        let threads = std::array::from_fn::<_, THREADS, _>(|id| scope.spawn(move || send_all(id)));
        threads.map(|thread| thread.join().expect("it sends")).into_iter().sum()
    });
    runtime.block_on(take(clients, SENDS_OF_A_THREAD));
    times / THREADS as u32
}

//! What a volatile message costs the clients that take it: 500 of a room of 1000, whose others stall, beside a reliable message to a
//! room of 500.

use std::io::Read as _;
use std::time::Instant;

use channel_runtime::{Channel, SentBy, channel, channels, message};
use tokio::task::yield_now;

use crate::side::{Clock, Side};
use crate::{Reliable, Said, TEXT, median_and_tenth, text};

const READING: usize = 500;
const SAMPLES: usize = 1001;

/// As long as the other: both types have names of one length.
#[message(type = "seen", volatile)]
struct Seen {
    text: String,
}

#[channel("/volatile")]
struct Volatile;

#[channel(sends(Seen))]
impl Volatile {}

pub fn row() {
    let channels = channels![Reliable];
    let hub = channels.of::<Reliable>();
    let mut reliable = Side::new(channels.app(()), hub, "/reliable", (READING, 0), Clock::Real);
    let channels = channels![Volatile];
    let hub = channels.of::<Volatile>();
    let mut volatile = Side::new(channels.app(()), hub, "/volatile", (READING, READING), Clock::Real);
    // Until those who do not read take no more.
    loop {
        let sent = volatile.runtime.block_on(async {
            let sent = volatile.hub.all().send(Seen { text: text(16 * 1024) });
            for _ in 0..100 {
                yield_now().await;
            }
            sent
        });
        for _ in 0..4 {
            volatile.reading.iter_mut().for_each(|client| while matches!(client.read(&mut [0; 65_536]), Ok(1..)) {});
        }
        if sent.dropped == READING {
            break;
        }
    }
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..=SAMPLES {
        let both = [time(&mut reliable, Said { text: text(TEXT) }), time(&mut volatile, Seen { text: text(TEXT) })];
        // The first is for the caches.
        if sample > 0 {
            times.iter_mut().zip(both).for_each(|(times, time)| times.push(time));
        }
    }
    let [(reliable, reliable_tenth), (volatile, volatile_tenth)] = times.map(median_and_tenth);
    println!("a delivery that is taken, in nanoseconds: median (a tenth is below)");
    println!(
        "reliable to {READING}: {reliable:.0} ({reliable_tenth:.0}); volatile to {}, of which half stall: {volatile:.0} \
         ({volatile_tenth:.0}): {:.3} ({:.3})",
        2 * READING,
        volatile / reliable,
        volatile_tenth / reliable_tenth,
    );
}

/// Nanoseconds of a send, and of the writing to all who take it, for each of them.
fn time<C: Channel, M: SentBy<C>>(side: &mut Side<C>, message: M) -> f64 {
    let Side { runtime, hub, .. } = side;
    let time = runtime.block_on(async {
        let start = Instant::now();
        let sent = hub.all().send(message);
        // 32 members are written to in a turn, and a turn of the tasks that are ready is one of these.
        for _ in 0..2 * READING / 32 {
            yield_now().await;
        }
        let time = start.elapsed();
        // A kernel may make room for a few bytes more for one that does not read.
        let taken = sent.recipients - sent.dropped;
        assert!(sent.refused == 0 && (READING..READING + READING / 20).contains(&taken), "{sent:?}");
        time.as_nanos() as f64 / taken as f64
    });
    side.take();
    time
}

//! The age of the newest value: 300 kB a second are offered to a client that takes 150, with a small receive buffer, and to one that
//! takes all. How old the newest value is that each has had, whenever it has read something, after the first two seconds.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use channel_runtime::{channel, channels, message};

use crate::side::{Clock, Side};
use crate::text;

const AGED_FROM: Duration = Duration::from_secs(2);

/// When it was sent is its text.
#[message(type = "aged", latest(key = key))]
struct Aged {
    at: u64,
    key: usize,
    padding: String,
}

#[channel("/aged")]
struct Ages;

#[channel(sends(Aged))]
impl Ages {}

/// Of the last whole value in what was read.
fn sent_at(bytes: &[u8]) -> Option<u64> {
    let start = b"\"at\":";
    let at = bytes.windows(start.len()).rposition(|window| window == start)? + start.len();
    let digits = bytes[at..].split(|byte| !byte.is_ascii_digit()).next()?;
    // Cut off in the middle if nothing stands behind it.
    (at + digits.len() < bytes.len()).then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// Reads at most so many bytes a second until the end. Returns the greatest age, in milliseconds.
fn read_at_a_pace(mut client: TcpStream, begun: Instant, bytes_a_second: usize) -> u64 {
    const STEP: Duration = Duration::from_millis(10);
    let mut buffer = vec![0; bytes_a_second / 100];
    let (mut newest, mut oldest) = (0, 0);
    let mut seen = Vec::new();
    for step in 1.. {
        std::thread::sleep((begun + STEP * step).saturating_duration_since(Instant::now()));
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        }
        newest = sent_at(&seen).unwrap_or(0).max(newest);
        seen.drain(..seen.len().saturating_sub(64));
        let now = begun.elapsed();
        if now > AGED_FROM {
            oldest = oldest.max(now.as_millis() as u64 - newest);
        }
    }
    oldest
}

pub fn row() {
    const STEPS: u32 = 800;
    let channels = channels![Ages];
    let hub = channels.of::<Ages>();
    let mut side = Side::new(channels.app(()), hub, "/aged", (1, 1), Clock::Real);
    let begun = Instant::now();
    let slow = side.stalled.pop().expect("a client");
    let slow = std::thread::spawn(move || read_at_a_pace(slow, begun, 150_000));
    let fast = side.reading.pop().expect("a client");
    let fast = std::thread::spawn(move || read_at_a_pace(fast, begun, 10_000_000));
    let Side { runtime, hub, .. } = side;
    runtime.block_on(async {
        for step in 1..=STEPS {
            tokio::time::sleep_until((begun + Duration::from_millis(10) * step).into()).await;
            for n in 0..3 {
                let at = begun.elapsed().as_millis() as u64;
                hub.all().send(Aged { at, key: (3 * step as usize + n) % 5, padding: text(950) });
            }
        }
    });
    // With it the connections end.
    drop(runtime);
    let [slow, fast] = [slow, fast].map(|thread| thread.join().expect("it reads"));
    println!(
        "the age of the newest value, 300 kB a second offered, in milliseconds at the most: {slow} for a client that takes 150, \
         {fast} for one that takes all"
    );
}

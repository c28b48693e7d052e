//! The signals that stop the servers of a process. While no server runs, a signal ends the process, as without this crate.
//!
//! Listening for a signal removes the system's default for good: a thread of its own listens from then on, and ends the process.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::watch;

/// Signals within this time count as one: a closed terminal sends SIGHUP twice, and service managers may add SIGHUP to SIGTERM.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// The first signal drains a server, the second stops it at once. The next one ends the process.
const MOST: u32 = 2;

#[derive(Clone)]
pub(crate) struct Signals {
    received: watch::Receiver<Received>,
    /// How many there had been when the server started.
    before: u32,
}

impl Signals {
    /// # Errors
    /// If signals can't be listened for.
    pub fn listen() -> io::Result<Self> {
        static RECEIVED: Mutex<Option<watch::Sender<Received>>> = Mutex::new(None);
        let mut received = RECEIVED.lock();
        let received = match &*received {
            Some(received) => received,
            None => received.insert(start_thread()?),
        };
        Ok(Self::of(received))
    }

    fn of(servers: &watch::Sender<Received>) -> Self {
        let mut before = 0;
        servers.send_if_modified(|received| {
            received.known = received.signals;
            before = received.signals;
            false
        });
        Self { received: servers.subscribe(), before }
    }

    pub async fn reach(&mut self, signals: u32) {
        let before = self.before;
        // Never an error: the sender lives as long as the process.
        let _ = self.received.wait_for(|received| received.signals.wrapping_sub(before) >= signals).await;
    }
}

#[derive(Default)]
struct Received {
    signals: u32,
    known: u32,
    last: Option<Instant>,
}

fn count(servers: &watch::Sender<Received>, now: Instant) -> bool {
    let mut ends = false;
    servers.send_if_modified(|received| {
        if received.last.is_some_and(|last| now.saturating_duration_since(last) < SAME_SIGNAL) {
            return false;
        }
        received.last = Some(now);
        received.signals = received.signals.wrapping_add(1);
        ends = servers.receiver_count() == 0 || received.signals.wrapping_sub(received.known) > MOST;
        true
    });
    ends
}

fn start_thread() -> io::Result<watch::Sender<Received>> {
    // A server's runtime may have ended before the signal.
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        system::Signals::listen()?
    };
    let servers = watch::Sender::new(Received::default());
    let received = servers.clone();
    let listen = async move {
        loop {
            let number = signals.next().await;
            if count(&received, Instant::now()) {
                std::process::exit(128 + number);
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen))?;
    Ok(servers)
}

#[cfg(unix)]
mod system {
    use std::future::poll_fn;
    use std::io;
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub struct Signals(Vec<(SignalKind, Signal)>);

    impl Signals {
        pub fn listen() -> io::Result<Self> {
            let ignored = ignored();
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
            let left_alone = [SignalKind::hangup(), SignalKind::quit()];
            let kinds = kinds
                .into_iter()
                .filter(|kind| !(left_alone.contains(kind) && ignored >> (kind.as_raw_value() - 1) & 1 == 1));
            kinds.map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<_>>().map(Self)
        }

        pub async fn next(&mut self) -> i32 {
            poll_fn(|cx| {
                let came =
                    self.0.iter_mut().find_map(|(kind, signal)| signal.poll_recv(cx).is_ready().then_some(*kind));
                came.map_or(Poll::Pending, |kind| Poll::Ready(kind.as_raw_value()))
            })
            .await
        }
    }

    /// A bit for each signal that was ignored when the process started, as `nohup` does. 0 if the system does not report them.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    pub struct Signals;

    impl Signals {
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) -> i32 {
            if let Err(error) = tokio::signal::ctrl_c().await {
                tracing::error!(%error, "ctrl-c can't be listened for");
                std::future::pending::<()>().await;
            }
            2
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn reaches(signals: &mut Signals, number: u32) -> bool {
        signals.reach(number).now_or_never().is_some()
    }

    #[test]
    fn a_server_that_looks_late_sees_all_and_what_comes_together_is_one() {
        let servers = watch::Sender::new(Received::default());
        let mut signals = Signals::of(&servers);
        let begun = Instant::now();
        let after = |millis| begun + Duration::from_millis(millis);
        assert!(!reaches(&mut signals, 1));
        assert!(!count(&servers, after(0)) && !count(&servers, after(10)) && !count(&servers, after(499)));
        assert!(reaches(&mut signals, 1) && !reaches(&mut signals, 2));
        assert!(!count(&servers, after(500)));
        assert!(reaches(&mut signals.clone(), 2));
        assert!(!count(&servers, after(999)));
        assert!(count(&servers, after(1000)));
    }

    #[test]
    fn a_server_that_is_started_later_is_told_as_much_as_the_first() {
        let servers = watch::Sender::new(Received::default());
        let first = Signals::of(&servers);
        let begun = Instant::now();
        let nth = |n| begun + n * SAME_SIGNAL;
        assert!(!count(&servers, nth(1)) && !count(&servers, nth(2)));
        let mut second = Signals::of(&servers);
        drop(first);
        assert!(!reaches(&mut second, 1));
        assert!(!count(&servers, nth(3)) && !count(&servers, nth(4)));
        assert!(reaches(&mut second, 2));
        drop(second);
        assert!(count(&servers, nth(5)));
        let mut third = Signals::of(&servers);
        assert!(!count(&servers, nth(6)) && reaches(&mut third, 1));
    }
}

//! The signals that stop a server, for the whole process: while none of its servers runs, they do what they do without one.
//!
//! A signal that is listened for once is never again what it was: nothing ends a process that does not look. So a thread looks,
//! from the first server on to the end of the process.

use std::io;
use std::thread;

use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::watch;

/// The signals from some time on, for who runs a server, and as long as it does.
#[derive(Clone)]
pub(crate) struct Signals(watch::Receiver<()>);

impl Signals {
    /// Those from now on.
    ///
    /// # Errors
    /// Where they can't be listened for.
    pub fn listen() -> io::Result<Self> {
        static TOLD: Mutex<Option<watch::Sender<()>>> = Mutex::new(None);
        let mut told = TOLD.lock();
        let told = match &*told {
            Some(told) => told,
            None => told.insert(look()?),
        };
        Ok(Self(told.subscribe()))
    }

    /// The next one.
    pub async fn next(&mut self) {
        // Never an error: the sender lives as long as the process.
        let _ = self.0.changed().await;
    }
}

/// Starts the thread, and returns whom it tells.
fn look() -> io::Result<watch::Sender<()>> {
    // Its own runtime, for a server's may have ended when a signal comes.
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        system::Signals::listen()?
    };
    let servers = watch::Sender::new(());
    let told = servers.clone();
    let look = async move {
        loop {
            let number = signals.next().await;
            // Fails where no server runs.
            if told.send(()).is_err() {
                std::process::exit(128 + number);
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(look))?;
    Ok(servers)
}

#[cfg(unix)]
mod system {
    use std::future::poll_fn;
    use std::io;
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The operating system's signals, each with its number.
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

        /// The number of the next one.
        pub async fn next(&mut self) -> i32 {
            poll_fn(|cx| {
                let came =
                    self.0.iter_mut().find_map(|(kind, signal)| signal.poll_recv(cx).is_ready().then_some(*kind));
                came.map_or(Poll::Pending, |kind| Poll::Ready(kind.as_raw_value()))
            })
            .await
        }
    }

    /// The signals that the process was started without, a bit each: `nohup` does that. None where the system does not tell.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    /// Ctrl-c alone.
    pub struct Signals;

    impl Signals {
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// That of `SIGINT`.
        pub async fn next(&mut self) -> i32 {
            if let Err(error) = tokio::signal::ctrl_c().await {
                tracing::error!(%error, "ctrl-c can't be listened for");
                std::future::pending::<()>().await;
            }
            2
        }
    }
}

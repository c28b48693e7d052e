//! The nodes from outside: their processes, what they say of themselves, and when each could have missed something.

use std::io;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use bench::os;
use bench::serving::{ANNOUNCEMENT, SEPARATOR};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::node::Status;
use crate::proxy::Proxy;
use crate::record::{Process, Record, now};

/// How long a node may take to start, or to stop when it is told to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node's place: its processes come and go, its two links remain.
pub struct Place {
    number: usize,
    pub to_bus: Proxy,
    pub to_clients: Proxy,
    scheme: &'static str,
    child: tokio::sync::Mutex<Option<Child>>,
    seen: Arc<Mutex<Seen>>,
    record: Record,
}

/// What is known of a place.
#[derive(Clone, Default)]
pub struct Seen {
    pub process: Process,
    pub latest: Status,
    /// Each process, with its last words and when it ended.
    pub processes: Vec<(Process, Began, Status)>,
    /// Whether it runs and its bus is up, from when on.
    changes: Vec<(u64, bool)>,
    pub most_resident: u64,
    pub most_queue: usize,
}

/// When a process began to serve and when it ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Began {
    pub at: u64,
    pub ended: Option<u64>,
    /// It said goodbye.
    pub is_graceful: bool,
}

impl Seen {
    /// What was written before the last change and read after it changes nothing.
    fn is(&mut self, at: u64, is_well: bool) {
        if self.changes.last().is_none_or(|(since, was_well)| *was_well != is_well && *since <= at) {
            self.changes.push((at, is_well));
        }
    }

    /// Whether it was well from then until then.
    pub fn was_well(&self, from: u64, until: u64) -> bool {
        let mut well_since = None;
        let mut is_covered = false;
        for (at, is_well) in &self.changes {
            if let (Some(since), false) = (well_since, *is_well) {
                is_covered |= since <= from && until < *at;
            }
            well_since = is_well.then_some(*at);
        }
        is_covered || well_since.is_some_and(|since| since <= from)
    }

    /// How long it was not, in milliseconds.
    pub fn unwell(&self) -> u64 {
        let ends = self.changes.windows(2).filter(|pair| !pair[0].1);
        ends.map(|pair| pair[1].0 - pair[0].0).sum()
    }
}

impl Place {
    pub async fn new(number: usize, bus: SocketAddr, scheme: &'static str, record: Record) -> io::Result<Self> {
        Ok(Self {
            number,
            to_bus: Proxy::start(Some(bus)).await?,
            to_clients: Proxy::start(None).await?,
            scheme,
            child: tokio::sync::Mutex::default(),
            seen: Arc::default(),
            record,
        })
    }

    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock())
    }

    /// A process of this place serves when this returns.
    pub async fn start(&self) -> io::Result<()> {
        let generation = self.seen.lock().process.generation + 1;
        let bus = format!("{}://{}", self.scheme, self.to_bus.addr);
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--node", &bus, "--generation", &generation.to_string(), "--with-parent", "--threads", "1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let first = timeout(PATIENCE, lines.next_line()).await??.unwrap_or_default();
        let addr = first.strip_prefix(ANNOUNCEMENT).and_then(|rest| rest.split(SEPARATOR).next()?.parse().ok());
        let addr = addr.ok_or_else(|| io::Error::other(format!("node {} says: `{first}`", self.number)))?;
        let process = Process { place: self.number, generation };
        {
            let mut seen = self.seen.lock();
            seen.process = process;
            seen.processes.push((process, Began { at: now(), ..Began::default() }, Status::default()));
        }
        tokio::spawn(listen(lines, process, Arc::clone(&self.seen), child.id().unwrap_or_default()));
        *self.child.lock().await = Some(child);
        self.to_clients.set_target(Some(addr));
        Ok(())
    }

    pub async fn kill(&self) -> io::Result<()> {
        self.to_clients.set_target(None);
        self.ends(false);
        let child = self.child.lock().await.take();
        if let Some(mut child) = child {
            child.kill().await?;
        }
        Ok(())
    }

    /// As an orchestrator stops it, and waits until it has ended.
    pub async fn stop(&self) -> io::Result<()> {
        self.to_clients.set_target(None);
        self.signal(Signal::TERM).await?;
        let Some(mut child) = self.child.lock().await.take() else { return Ok(()) };
        let ended = timeout(PATIENCE, child.wait()).await;
        self.ends(true);
        match ended {
            Ok(status) if status.as_ref().is_ok_and(ExitStatus::success) => {}
            Ok(status) => {
                self.record.broke(format!("node {} was told to stop, and ended with {status:?}", self.number))
            }
            Err(_) => self.record.broke(format!("node {} was told to stop, and did not end", self.number)),
        }
        Ok(())
    }

    fn ends(&self, is_graceful: bool) {
        let mut seen = self.seen.lock();
        seen.is(now(), false);
        if let Some((_, began, _)) = seen.processes.last_mut() {
            (began.ended, began.is_graceful) = (Some(now()), is_graceful);
        }
    }

    pub async fn pause(&self) -> io::Result<()> {
        self.seen.lock().is(now(), false);
        self.signal(Signal::STOP).await
    }

    pub async fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT).await
    }

    async fn signal(&self, signal: Signal) -> io::Result<()> {
        let child = self.child.lock().await;
        let id = child.as_ref().and_then(Child::id).and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        // Not one that has ended: its id may be another's by now.
        let id = id.ok_or_else(|| io::Error::other(format!("node {} does not run", self.number)))?;
        Ok(kill_process(id, signal)?)
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, process: Process, seen: Arc<Mutex<Seen>>, id: u32) {
    let mut latest = Status::default();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(status) = serde_json::from_str::<Status>(&line) else { continue };
        let resident = os::resident(&[id]).unwrap_or_default();
        let mut seen = seen.lock();
        let has_ended = seen.processes.last().is_none_or(|(last, began, _)| *last != process || began.ended.is_some());
        if let Some((.., words)) = seen.processes.iter_mut().find(|(of, ..)| *of == process) {
            *words = status.clone();
        }
        seen.most_resident = seen.most_resident.max(resident);
        seen.most_queue = seen.most_queue.max(status.queue_bytes);
        if !has_ended {
            // Away and back in less time than lies between two lines.
            if latest.disconnects < status.disconnects {
                seen.is(latest.at, false);
            }
            latest = status.clone();
            seen.is(status.at, status.is_up);
            seen.latest = status;
        }
    }
}

/// Waits until all are so, and returns how long that took; or how the first is that is not.
pub async fn all(places: &[Arc<Place>], within: Duration, is: impl Fn(&Status) -> bool) -> Result<Duration, Status> {
    let (begun, since) = (Instant::now(), now());
    loop {
        let statuses = places.iter().map(|place| place.seen(|seen| seen.latest.clone()));
        let Some(other) = statuses.into_iter().find(|status| status.at <= since || !is(status)) else {
            return Ok(begun.elapsed());
        };
        if begun.elapsed() > within {
            return Err(other);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

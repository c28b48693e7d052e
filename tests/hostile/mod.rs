//! The table of attacks, and what one is.

mod crowd;
mod door;
mod envelopes;
mod framing;
mod half_open;
mod handshake;
mod hello;
mod json;
pub mod list;
mod path;
mod rates;
mod seen;
mod size;
mod slow;
mod square;
mod stage;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use channel_runtime::Config;
use stage::{Confined, Stage};
use tokio::runtime;

use crate::MEMORY;

/// Something that a client tries.
pub struct Attack {
    name: &'static str,
    /// What the attacker does.
    tries: &'static str,
    /// What becomes of it, as [`seen`] has it: compared with what did.
    ends: &'static str,
    /// The most that all of it may take while it is under way, in KiB: what the server holds for the attacker, for the honest
    /// clients of the time, and what these clients need themselves, which are in the same process.
    holds: usize,
    config: Config,
    /// What the server's kernel keeps for a client, in bytes; as much as it likes where none.
    send_buffer: Option<u32>,
    way: Way,
}

/// How it is done.
enum Way {
    /// These bytes are all that a TCP connection says.
    Request(Vec<u8>),
    /// These are what it says behind a handshake, in the honest clients' room.
    Frames(Vec<u8>),
    /// The same, with compression agreed.
    Compressed(Vec<u8>),
    /// Otherwise.
    Does(Does),
}

type Does = Box<dyn for<'a> Fn(&'a mut Stage) -> Pin<Box<dyn Future<Output = String> + 'a>>>;

/// What most attacks hold at the most, in KiB.
const USUAL: usize = 256;

impl Attack {
    fn new(name: &'static str, tries: &'static str, ends: &'static str, way: Way) -> Self {
        Self { name, tries, ends, holds: USUAL, config: Config::default(), send_buffer: None, way }
    }

    fn request(name: &'static str, tries: &'static str, ends: &'static str, says: impl Into<Vec<u8>>) -> Self {
        Self::new(name, tries, ends, Way::Request(says.into()))
    }

    fn frames(name: &'static str, tries: &'static str, ends: &'static str, says: impl Into<Vec<u8>>) -> Self {
        Self::new(name, tries, ends, Way::Frames(says.into()))
    }

    fn does(
        name: &'static str,
        tries: &'static str,
        ends: &'static str,
        does: impl AsyncFn(&mut Stage) -> String + 'static,
    ) -> Self {
        let does = Rc::new(does);
        let run: Does = Box::new(move |stage| {
            let does = Rc::clone(&does);
            Box::pin(async move { does(stage).await })
        });
        Self::new(name, tries, ends, Way::Does(run))
    }

    fn holding(self, holds: usize) -> Self {
        Self { holds, ..self }
    }

    fn with(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Where it matters how much of what it does not read is on its way.
    fn buffered(self, bytes: u32) -> Self {
        Self { send_buffer: Some(bytes), ..self }
    }

    /// Makes it; what became of it where that was something else.
    fn run(&self) -> Option<String> {
        // One thread for server and clients, so that a flood and the honest have their turns one after another; and none of the
        // last attack's tasks.
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.make())
    }

    async fn make(&self) -> Option<String> {
        let mut stage = Stage::new(self.config.clone(), self.send_buffer).await;
        let mut kept = Vec::with_capacity(TIMES);
        let mut wrong = None;
        let before = MEMORY.allocated();
        for _ in 0..TIMES {
            let confined = Confined::new(self.name, self.holds * 1024);
            let seen = match &self.way {
                Way::Request(says) => seen::answer(&stage, says).await,
                Way::Frames(says) => seen::reaction(stage.attacker().await, says).await,
                Way::Compressed(says) => seen::reaction(stage.compressing_attacker().await, says).await,
                Way::Does(does) => does(&mut stage).await,
            };
            if kept.is_empty() {
                println!("{:<32} {seen}", self.name);
            }
            if seen != self.ends {
                wrong = Some(format!("{}: {seen}, not {}", self.name, self.ends));
            }
            stage.serves_the_honest().await;
            kept.push(stage.settle().await);
            drop(confined);
        }
        stage::assert_bounded(&kept, before, self.name);
        stage.finish().await;
        wrong
    }
}

/// How often an attack is made on the same server: what it leaves behind the first time may be a table that has grown; more
/// the next time is a leak.
const TIMES: usize = 3;

/// Makes the attacks of a kind, which are many bytes.
type Attacks = fn() -> Vec<Attack>;

/// The kinds, each with its heading.
const KINDS: [(&str, &str, Attacks); 12] = [
    ("handshake", "The handshake", handshake::attacks),
    ("path", "Paths", path::attacks),
    ("door", "Tokens and origins", door::attacks),
    ("framing", "Frames", framing::attacks),
    ("json", "JSON", json::attacks),
    ("envelope", "Other envelopes", envelopes::attacks),
    ("hello", "The framework's own frames", hello::attacks),
    ("size", "Too large", size::attacks),
    ("rate", "Too often", rates::attacks),
    ("slow", "Too slow", slow::attacks),
    ("half open", "Half a connection", half_open::attacks),
    ("crowd", "Too many", crowd::attacks),
];

/// What is in use is counted for the whole program: its tests run one after the other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes all attacks of a kind, one after the other.
pub fn run(kind: &str) {
    let _alone = alone();
    let (_, _, attacks) = KINDS.iter().find(|(name, ..)| *name == kind).expect("a kind of attacks");
    let attacks = attacks();
    let wrong: Vec<String> = attacks.iter().flat_map(Attack::run).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

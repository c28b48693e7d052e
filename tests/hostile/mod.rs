//! The table of attacks, and what one is.

mod door;
mod framing;
mod handshake;
mod json;
pub mod list;
mod path;
mod seen;
mod square;
mod stage;

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use channel_runtime::Config;
use stage::Stage;
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
    way: Way,
}

/// How it is done.
enum Way {
    /// These bytes are all that a TCP connection says.
    Request(Vec<u8>),
    /// These are what it says behind a handshake, in the honest clients' room.
    Frames(Vec<u8>),
    /// Otherwise.
    Does(Does),
}

type Does = Box<dyn for<'a> Fn(&'a mut Stage) -> Pin<Box<dyn Future<Output = String> + 'a>>>;

/// What most attacks hold at the most, in KiB.
const USUAL: usize = 256;

impl Attack {
    fn new(name: &'static str, tries: &'static str, ends: &'static str, way: Way) -> Self {
        Self { name, tries, ends, holds: USUAL, config: Config::default(), way }
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
        does: impl AsyncFn(&mut Stage) -> String + Copy + 'static,
    ) -> Self {
        Self::new(name, tries, ends, Way::Does(Box::new(move |stage| Box::pin(async move { does(stage).await }))))
    }

    fn holding(self, holds: usize) -> Self {
        Self { holds, ..self }
    }

    fn with(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// What became of it where that was something else, each time.
    async fn run(&self) -> Vec<String> {
        let mut stage = Stage::new(self.config.clone()).await;
        let mut kept = Vec::with_capacity(TIMES);
        let mut wrong = Vec::new();
        let before = MEMORY.allocated();
        for _ in 0..TIMES {
            stage.confine(self.holds * 1024);
            let seen = match &self.way {
                Way::Request(says) => seen::answer(&stage, says).await,
                Way::Frames(says) => seen::reaction(&stage, says).await,
                Way::Does(does) => does(&mut stage).await,
            };
            if kept.is_empty() {
                println!("{:<32} {seen}", self.name);
            }
            if seen != self.ends && wrong.is_empty() {
                wrong.push(format!("{}: {seen}, not {}", self.name, self.ends));
            }
            stage.serves_the_honest().await;
            kept.push(stage.release().await);
        }
        stage::assert_bounded(&kept, before, self.name);
        stage.finish().await;
        wrong
    }
}

/// How often an attack is made on the same server: what it leaves behind the first time may be a table that has grown; more
/// the next time is a leak.
const TIMES: usize = 3;

/// All of them, by kind, with what a kind is called.
fn kinds() -> Vec<(&'static str, &'static str, Vec<Attack>)> {
    vec![
        ("handshake", "The handshake", handshake::attacks()),
        ("path", "Paths", path::attacks()),
        ("door", "Tokens and origins", door::attacks()),
        ("framing", "Frames", framing::attacks()),
        ("json", "JSON", json::attacks()),
    ]
}

/// What is in use is counted for the whole program: its tests run one after the other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes all attacks of a kind, one after the other.
pub fn run(kind: &str) {
    let _alone = alone();
    let (_, _, attacks) = kinds().into_iter().find(|(name, ..)| *name == kind).expect("a kind of attacks");
    // One thread for server and clients: it is the scheduler's turns that tell who waits for whom.
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wrong: Vec<String> = attacks.iter().flat_map(|attack| runtime.block_on(attack.run())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

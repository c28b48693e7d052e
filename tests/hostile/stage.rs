//! A server with honest clients, and what is known of it before, during and after an attack.
//!
//! While an attack is under way the allocator gives no more than what was stated: then the program ends with `memory allocation
//! of .. failed`, and `--nocapture` says at which attack.

use std::pin::pin;
use std::sync::Arc;

use channel_runtime::private::{Census, census};
use channel_runtime::{Config, Hub, channels};
use futures::future::{Either, select};
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::square::{Square, Town};
use crate::MEMORY;
use crate::support::{Frame, Raw, Running, close, start, text, within};

/// What an attack may leave behind when it is made the first time, in bytes: the tables of what is empty again, and buffers of
/// the thread's.
const KEPT: usize = 64 * 1024;
/// What it may leave when it is made again.
const SLACK: usize = 1024;

/// Where honest clients are.
pub const SQUARE: &str = "/square/market";

pub struct Stage {
    pub server: Running,
    pub hub: Hub<Square>,
    town: Arc<Town>,
    /// Was there before.
    witness: Raw,
    /// So often the honest have spoken: no two say the same.
    spoken: usize,
    before: Before,
}

/// What there was before an attack.
#[derive(Default)]
struct Before {
    census: Census,
    tasks: usize,
}

impl Stage {
    pub async fn new(config: Config) -> Self {
        let channels = channels![Square];
        let hub = channels.of::<Square>();
        let town = Arc::new(Town::default());
        let server = channels.app_arc(Arc::clone(&town)).config(config);
        let server = start(server).await;
        let witness = enter(&server).await;
        let mut stage = Self { server, hub, town, witness, spoken: 0, before: Before::default() };
        stage.before = Before { census: census(&stage.hub), tasks: tasks() };
        // Once, so that what the first client ever costs is no attacker's.
        stage.serves_the_honest().await;
        stage.quiet().await;
        stage
    }

    /// From now on there are so many bytes and no more.
    pub fn confine(&self, bytes: usize) {
        MEMORY.set_limit(MEMORY.allocated() + bytes).expect("less is in use than that");
    }

    /// Waits until all that the attacker caused has ended; answers what is in use then.
    pub async fn release(&mut self) -> usize {
        self.quiet().await;
        let in_use = MEMORY.allocated();
        MEMORY.set_limit(usize::MAX).expect("no limit is less than any");
        in_use
    }

    /// Until nobody is here but the witness.
    async fn quiet(&self) {
        within(async {
            while census(&self.hub) != self.before.census || tasks() > self.before.tasks || self.town.inside() != 1 {
                yield_now().await;
            }
        })
        .await;
    }

    /// An attacker in the honest clients' room, who has been greeted.
    pub async fn attacker(&self) -> Raw {
        enter(&self.server).await
    }

    /// The witness and one who comes now hear what they say, themselves and from each other, and nothing more.
    pub async fn serves_the_honest(&mut self) {
        let mut newcomer = enter(&self.server).await;
        self.are_served(&mut newcomer).await;
        newcomer.write(close(1000, "")).await;
        newcomer.expect_close(1000, "").await;
    }

    /// Serves the honest, again and again, for as long as this takes.
    pub async fn throughout<T>(&mut self, attack: impl Future<Output = T>) -> T {
        let mut attack = pin!(attack);
        loop {
            match select(attack.as_mut(), pin!(self.serves_the_honest())).await {
                Either::Left((done, served)) => {
                    served.await;
                    return done;
                }
                Either::Right(_) => {}
            }
        }
    }

    async fn are_served(&mut self, newcomer: &mut Raw) {
        self.spoken += 1;
        let [asked, said] = ["echo", "say"].map(|kind| honest(kind, self.spoken));
        self.witness.write(text(&asked)).await;
        self.witness.expect(Frame::text(&asked)).await;
        newcomer.write(text(&said)).await;
        for client in [&mut self.witness, newcomer] {
            client.expect(Frame::text(&said)).await;
            assert!(client.has_heard_nothing(), "an honest client hears what it should not");
        }
    }

    /// The server stops as it should: everybody is told, and `on_close` has run for each.
    pub async fn finish(mut self) {
        let stopped = self.server.begin_to_stop();
        self.witness.expect_close(1001, "the server goes away").await;
        drop(self.witness);
        within(stopped).await.unwrap();
        assert_eq!(self.town.inside(), 0);
    }
}

/// What the honest say, and what is told of it.
fn honest(kind: &str, number: usize) -> String {
    format!(r#"{{"type":"{kind}","text":"{HONEST}{number}"}}"#)
}

/// What an honest text begins with.
pub const HONEST: &str = "honest ";

async fn enter(server: &Running) -> Raw {
    let mut raw = server.raw(SQUARE).await;
    raw.expect(Frame::text(r#"{"type":"welcome","name":"market"}"#)).await;
    raw
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// What was in use after each time that an attack was made.
pub fn assert_bounded(kept: &[usize], before: usize, name: &str) {
    let (first, last) = (kept[0], kept[kept.len() - 1]);
    assert!(
        first <= before + KEPT && last <= first + SLACK,
        "{name}: {before} bytes in use before, {kept:?} after each"
    );
}

//! Random lives of rooms with presence: connections of a few users that come, are seen otherwise, and end in every state. In memory,
//! on a paused clock.
//!
//! `SEEDS=10000` runs so many, and `SEED=7` one.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    CloseCode, Config, ConnectionId, Extract, Handshake, Hub, Reject, Socket, channel, channels, message,
};
use fastrand::Rng;
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

const STEPS: usize = 120;
const USERS: usize = 4;
const MOST: usize = 12;
const GRACE: Duration = Duration::from_secs(2);
/// What `on_connect` takes at the most, and so how late a connection may end.
const BUSY: Duration = Duration::from_secs(3);
/// The longest that a change waits to be told: while the number alone is told.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, channel_runtime::describe::Describe)]
pub struct Seen {
    cursor: u64,
}

#[message(type = "move_to")]
pub struct MoveTo {
    cursor: u64,
}

/// How a connection is to fare, by its query.
pub struct Fate {
    name: Option<String>,
    what: String,
}

impl<A: Sync> Extract<A> for Fate {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let what = handshake.query_param("fate").unwrap_or_default();
        Ok(Self { name: handshake.query_param("name"), what })
    }
}

#[channel("/room", presence(Seen, grace = "2s", every = "100ms", diffs_up_to = 8))]
pub struct Chat {
    #[extract]
    fate: Fate,
    #[state]
    cursor: u64,
}

#[channel]
impl Chat {
    fn identity(&self) -> Option<&String> {
        self.fate.name.as_ref()
    }

    fn presence(&self) -> Seen {
        assert_ne!(self.fate.what, "hook", "the hook panics");
        assert_ne!(self.cursor, 13, "the hook panics");
        Seen { cursor: self.cursor }
    }

    async fn on_connect(&mut self) {
        assert_ne!(self.fate.what, "panics", "on_connect panics");
        if self.fate.what == "waits" {
            sleep(BUSY).await;
        }
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

struct Person {
    client: Client<Chat>,
    id: ConnectionId,
    user: String,
    cursor: u64,
}

struct World {
    seed: u64,
    dice: Rng,
    app: TestApp<()>,
    hub: Hub<Chat>,
    here: Vec<Person>,
    /// Of users: until when one may be present whose connection was lost.
    lost: Vec<(Instant, String)>,
    ends: HashMap<&'static str, usize>,
}

impl World {
    async fn step(&mut self) {
        match self.dice.usize(..12) {
            0..5 if self.here.len() < MOST => self.comes().await,
            0..8 if !self.here.is_empty() => self.goes().await,
            8 if !self.here.is_empty() => self.moves().await,
            9 => sleep(Duration::from_millis(self.dice.u64(..150))).await,
            10 => sleep(Duration::from_millis(self.dice.u64(..3000))).await,
            _ => self.rests().await,
        }
        self.app.settle().await;
        self.check();
    }

    async fn comes(&mut self) {
        let user = self.dice.usize(..USERS + 1);
        let fate = ["", "", "", "", "panics", "hook", "waits"][self.dice.usize(..7)];
        let name = if user < USERS { format!("&name={user}") } else { String::new() };
        let mut client = self.app.connect::<Chat>(&format!("/room?fate={fate}{name}")).await.expect("it is let in");
        if self.dice.usize(..8) == 0 {
            // Perhaps before its session has run at all.
            client.lose();
            self.ended("at once", user);
        } else if fate == "hook" {
            client.expect_close().await;
            *self.ends.entry(fate).or_default() += 1;
        } else if fate == "panics" {
            client.expect_close().await;
            self.ended("on_connect", user);
        } else {
            let id = client.joined().await.id;
            let user = if user < USERS { user.to_string() } else { id.to_string() };
            self.here.push(Person { client, id, user, cursor: 0 });
        }
    }

    fn ended(&mut self, how: &'static str, user: usize) {
        *self.ends.entry(how).or_default() += 1;
        self.lost.push((Instant::now() + BUSY + GRACE, user.to_string()));
    }

    async fn goes(&mut self) {
        let at = self.dice.usize(..self.here.len());
        let Person { mut client, id, user, .. } = self.here.swap_remove(at);
        let (how, is_lost) = match self.dice.usize(..6) {
            0 => {
                client.lose();
                ("lost", true)
            }
            1 => {
                client.close();
                ("closed", false)
            }
            2 => {
                client.close_with(CloseCode::GOING_AWAY, "");
                ("reloaded", true)
            }
            3 => {
                self.hub.connection(id).disconnect(CloseCode::FORBIDDEN, "");
                ("sent away", false)
            }
            4 => {
                self.hub.connection(id).disconnect(CloseCode::RESTART, "");
                client.lose();
                ("closing", true)
            }
            _ => {
                client.send(MoveTo { cursor: 13 });
                ("the hook panics later", true)
            }
        };
        *self.ends.entry(how).or_default() += 1;
        let grace = if is_lost { GRACE } else { Duration::ZERO };
        self.app.settle().await;
        self.lost.push((Instant::now() + BUSY + grace, user));
    }

    async fn moves(&mut self) {
        let at = self.dice.usize(..self.here.len());
        let cursor = self.dice.u64(..5);
        let person = &mut self.here[at];
        person.cursor = cursor;
        person.client.send(MoveTo { cursor });
    }

    /// Each who is here is present with what is seen of it, and who else is was lost not long ago.
    fn check(&self) {
        let present = self.hub.room(&Chat::room()).present();
        for Person { id, user, .. } in &self.here {
            assert!(present.of(user).iter().any(|(other, _)| other == id), "seed {}: {user} is not present", self.seed);
        }
        let now = Instant::now();
        for user in present.users() {
            let may_be = self.here.iter().any(|person| person.user == user)
                || self.lost.iter().any(|(until, lost)| lost == user && now < *until);
            assert!(may_be, "seed {}: {user} is present", self.seed);
        }
    }

    /// All changes have been told: all know the same, and it is so.
    async fn rests(&mut self) {
        sleep(BUSY + GRACE + 2 * TOLD_WITHIN).await;
        let room = self.hub.room(&Chat::room());
        let present = room.present();
        let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for person in &self.here {
            expected.entry(person.user.clone()).or_default().push(person.cursor);
        }
        expected.values_mut().for_each(|cursors| cursors.sort_unstable());
        let sorted = |cursors: Vec<u64>| {
            let mut cursors = cursors;
            cursors.sort_unstable();
            cursors
        };
        let now = present
            .iter()
            .map(|(user, seen)| (user.to_owned(), sorted(seen.iter().map(|(_, seen)| seen.cursor).collect())));
        assert_eq!(now.collect::<BTreeMap<_, _>>(), expected, "seed {}", self.seed);
        for Person { client, .. } in &mut self.here {
            let view = client.present().await;
            assert_eq!(view.count, expected.len(), "seed {}", self.seed);
            let Some(users) = view.users else { continue };
            let cursors = |seen: BTreeMap<_, serde_json::Value>| {
                sorted(seen.into_values().map(|seen| seen["cursor"].as_u64().unwrap()).collect())
            };
            let told = users.into_iter().map(|(user, seen)| (user, cursors(seen)));
            // One that is nobody's keeps its name, and who has come back keeps the name of its user.
            assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "seed {}", self.seed);
        }
    }

    /// All end in whatever state they are.
    async fn ends(&mut self) {
        while !self.here.is_empty() {
            self.goes().await;
        }
        sleep(BUSY + GRACE + TOLD_WITHIN).await;
        assert!(self.hub.room(&Chat::room()).present().is_empty(), "seed {}", self.seed);
        assert_eq!(channel_runtime::private::census(&self.hub), Default::default(), "seed {}", self.seed);
    }
}

async fn live(seed: u64) -> HashMap<&'static str, usize> {
    let channels = channels![Chat];
    let hub = channels.of::<Chat>();
    let app = testing::app(channels.app(()).config(Config::default().ping_interval(None)));
    let (dice, here, lost) = (Rng::with_seed(seed), Vec::new(), Vec::new());
    let mut world = World { seed, dice, app, hub, here, lost, ends: HashMap::new() };
    for _ in 0..STEPS {
        world.step().await;
    }
    world.ends().await;
    world.ends
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_all_know_who_is_present_and_nobody_is_left() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(100),
    };
    let mut ends = HashMap::<_, usize>::new();
    for seed in seeds.clone() {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        for (how, times) in runtime.block_on(live(seed)) {
            *ends.entry(how).or_default() += times;
        }
    }
    println!("{} seeds: {ends:?}", seeds.end - seeds.start);
    assert!(seeds.end - seeds.start < 20 || ends.len() == 9, "not every end was seen: {ends:?}");
}

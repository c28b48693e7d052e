//! What was said, by whom and to whom, and what of it each client has heard.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use channel_runtime::Elsewhere;
use tokio::time::Instant;

/// How long after a message was sent a bus that is not up may be why it is lost: so long a message may wait for the bus, and
/// deafness may go unnoticed.
const WINDOW: Duration = Duration::from_secs(6);

/// All of one run, in the order in which it happened.
#[derive(Default)]
pub struct Journal {
    pub said: Vec<Said>,
    pub clients: Vec<Listener>,
    pub nodes: Vec<NodeRecord>,
    /// Questions, which have numbers as messages have, and are heard by no client.
    pub questions: u64,
}

/// A message, by its place in the journal.
#[derive(Clone, Debug)]
pub struct Said {
    pub by: usize,
    pub node: usize,
    pub to: To,
    pub at: Instant,
    pub elsewhere: Elsewhere,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    All,
    Room(usize),
    /// Without who speaks.
    Others(usize),
    Rooms(usize, usize),
    /// And the witnesses.
    User(usize),
}

#[derive(Debug)]
pub struct Listener {
    pub node: usize,
    /// `None` for a witness, which is in all rooms.
    pub user: Option<usize>,
    pub rooms: BTreeSet<usize>,
    /// How much had been said when it was in its rooms. `None` before.
    pub since: Option<usize>,
    /// How much had been said when it left, or was sent away.
    pub until: Option<usize>,
    /// From this on nothing may reach it: every node has said that its user was disconnected.
    pub banned: Option<usize>,
    pub heard: Vec<usize>,
}

#[derive(Default)]
pub struct NodeRecord {
    /// When its bus was there and when not, from the first moment on.
    pub states: Vec<(Instant, bool)>,
    pub killed: Option<Instant>,
    /// The nodes whose numbers it knows from their first message on.
    pub knows: BTreeSet<usize>,
    /// What it has counted, at the end.
    pub lost: u64,
}

impl To {
    fn is_for(&self, who: usize, by: usize, listener: &Listener) -> bool {
        match self {
            Self::All => true,
            Self::Room(room) => listener.rooms.contains(room),
            Self::Others(room) => listener.rooms.contains(room) && who != by,
            Self::Rooms(one, other) => listener.rooms.contains(one) || listener.rooms.contains(other),
            Self::User(user) => listener.user.is_none_or(|own| own == *user),
        }
    }
}

/// What is wrong with a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Journal {
    pub fn check(&self) -> Result<(), Wrong> {
        for (who, listener) in self.clients.iter().enumerate() {
            self.check_order(who, listener)?;
            self.check_holes(who, listener)?;
        }
        self.check_counters()
    }

    /// What a client hears of one node is in the order said, each message once, and meant for it.
    fn check_order(&self, who: usize, listener: &Listener) -> Result<(), Wrong> {
        let (mut latest, mut all) = (BTreeMap::new(), BTreeSet::new());
        for &number in &listener.heard {
            let said = &self.said[number];
            if !said.to.is_for(who, said.by, listener) {
                return Err(Wrong(format!("client {who} heard {number}, which is not for it: {said:?}")));
            }
            if listener.banned.is_some_and(|banned| number >= banned) {
                return Err(Wrong(format!("client {who} heard {number} after its user was disconnected everywhere")));
            }
            if !all.insert(number) {
                return Err(Wrong(format!("client {who} heard {number} twice")));
            }
            if let Some(before) = latest.insert(said.node, number).filter(|before| *before > number) {
                return Err(Wrong(format!("client {who} heard {number} of node {} behind {before}", said.node)));
            }
        }
        Ok(())
    }

    /// What a client should have heard and has not.
    fn holes<'a>(&'a self, who: usize, listener: &'a Listener) -> impl Iterator<Item = usize> + 'a {
        let heard: BTreeSet<_> = listener.heard.iter().copied().collect();
        let since = listener.since.unwrap_or(usize::MAX);
        let expected = self
            .said
            .iter()
            .enumerate()
            .skip(since)
            .filter(move |(number, said)| !heard.contains(number) && said.to.is_for(who, said.by, listener));
        expected.map(|(number, _)| number)
    }

    /// Each hole of a client that stayed lies in a time when a bus was not up, and none is of its own node.
    fn check_holes(&self, who: usize, listener: &Listener) -> Result<(), Wrong> {
        if listener.until.is_some() || self.nodes[listener.node].killed.is_some() {
            return Ok(());
        }
        for number in self.holes(who, listener) {
            let said = &self.said[number];
            let is_excused = said.node != listener.node
                && (said.elsewhere != Elsewhere::Taken
                    || self.nodes[said.node].was_away(said.at)
                    || self.nodes[listener.node].was_away(said.at));
            if !is_excused {
                return Err(Wrong(format!(
                    "client {who} of node {} has not heard {number}, and each bus was there: {said:?}; there the bus was {}, \
                     here {}",
                    listener.node,
                    self.nodes[said.node].around(said.at),
                    self.nodes[listener.node].around(said.at),
                )));
            }
        }
        Ok(())
    }

    /// What the witness of a node has missed of others is what the node has counted.
    fn check_counters(&self) -> Result<(), Wrong> {
        for (who, listener) in self.clients.iter().enumerate() {
            let node = &self.nodes[listener.node];
            if listener.user.is_some() || node.killed.is_some() {
                continue;
            }
            let holes: Vec<_> = self.holes(who, listener).collect();
            let relayed = |number: &&usize| {
                let said = &self.said[**number];
                said.elsewhere == Elsewhere::Taken && said.node != listener.node && node.knows.contains(&said.node)
            };
            let holes: Vec<_> = holes.iter().filter(relayed).copied().collect();
            // Behind its last word that was heard, nothing tells that a node said more before it was killed.
            let is_tail = |number: &&usize| {
                let origin = self.said[**number].node;
                let is_later = listener.heard.iter().rev().find(|heard| self.said[**heard].node == origin);
                self.nodes[origin].killed.is_some() && is_later.is_none_or(|heard| *heard < **number)
            };
            let (most, unknown) = (holes.len() as u64, holes.iter().filter(is_tail).count() as u64);
            let counted = node.lost;
            if counted < most - unknown || counted > most + self.questions {
                return Err(Wrong(format!(
                    "node {} has counted {counted} lost, and its witness misses {most}, of which {unknown} can't be \
                     known, and {} questions were asked: {holes:?}",
                    listener.node, self.questions
                )));
            }
        }
        Ok(())
    }
}

impl NodeRecord {
    /// The states of its bus, in seconds from this moment on.
    fn around(&self, at: Instant) -> String {
        let state = |(when, is_up): &(Instant, bool)| {
            let seconds =
                when.saturating_duration_since(at).as_secs_f64() - at.saturating_duration_since(*when).as_secs_f64();
            format!("{} at {seconds:.3}", if *is_up { "up" } else { "away" })
        };
        self.states.iter().map(state).collect::<Vec<_>>().join(", ")
    }

    /// Whether its bus was not there at some time between this moment and the end of the window.
    fn was_away(&self, at: Instant) -> bool {
        let until = at + WINDOW;
        let is_killed = self.killed.is_some_and(|killed| killed <= until);
        // A bus that is there from this very moment on may have missed it.
        let at_first = self.states.iter().rev().find(|(when, _)| *when < at).is_none_or(|(_, is_up)| !is_up);
        is_killed || at_first || self.states.iter().any(|(when, is_up)| !is_up && *when >= at && *when <= until)
    }
}

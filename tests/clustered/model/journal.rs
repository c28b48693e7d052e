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
    /// A room without a user.
    Without(usize, usize),
    Rooms(usize, usize),
    /// And the witnesses.
    User(usize),
    /// Likewise, as a notice: what its handler says is in order with that of other notices alone.
    Notice(usize),
}

#[derive(Debug)]
pub struct Listener {
    pub node: usize,
    /// `None` for a witness, which is in all rooms.
    pub user: Option<usize>,
    pub rooms: BTreeMap<usize, Vec<Stay>>,
    /// How much had been said when it was in its rooms. `None` before.
    pub since: Option<usize>,
    /// How much had been said when it left, or was sent away.
    pub until: Option<usize>,
    /// The node that sent it away, and nobody else: its close is behind what that node had sent.
    pub sent_away_by: Option<usize>,
    /// From this on nothing may reach it: every node has said that its user was disconnected.
    pub banned: Option<usize>,
    pub heard: Vec<usize>,
}

/// Of a client in a room.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// How much had been said when it came.
    pub since: usize,
    /// How much had been said when it went. `None` if it stays.
    pub until: Option<usize>,
}

#[derive(Default)]
pub struct NodeRecord {
    /// When its bus was there and when not, from the first moment on.
    pub states: Vec<(Instant, bool)>,
    pub killed: Option<Instant>,
    /// It was drained, with all wires whole.
    pub is_stopped: bool,
    /// The nodes whose numbers it knows from their first message on.
    pub knows: BTreeSet<usize>,
    /// What it has counted, at the end.
    pub lost: u64,
}

impl Said {
    fn is_for(&self, who: usize, listener: &Listener, is_in: impl Fn(usize) -> bool) -> bool {
        match self.to {
            To::All => true,
            To::Room(room) => is_in(room),
            To::Others(room) => is_in(room) && who != self.by,
            To::Without(room, user) => is_in(room) && listener.user != Some(user),
            To::Rooms(one, other) => is_in(one) || is_in(other),
            To::User(user) | To::Notice(user) => listener.user.is_none_or(|own| own == user),
        }
    }
}

impl Listener {
    /// What is said here reaches it exactly while it is in the room. What is said elsewhere may be under way while it comes or goes.
    fn is_in(&self, room: usize, number: usize, is_here: bool, is_sure: bool) -> bool {
        let mut stays = self.rooms.get(&room).into_iter().flatten();
        stays.any(|Stay { since, until }| match until {
            _ if is_here => *since <= number && until.is_none_or(|until| number < until),
            None => !is_sure || *since <= number,
            Some(until) => !is_sure && number < *until,
        })
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
            let is_here = said.node == listener.node;
            if !said.is_for(who, listener, |room| listener.is_in(room, number, is_here, false)) {
                return Err(Wrong(format!("client {who} heard {number}, which is not for it: {said:?}")));
            }
            if listener.banned.is_some_and(|banned| number >= banned) {
                return Err(Wrong(format!("client {who} heard {number} after its user was disconnected everywhere")));
            }
            if !all.insert(number) {
                return Err(Wrong(format!("client {who} heard {number} twice")));
            }
            let kind = (said.node, matches!(said.to, To::Notice(_)));
            if let Some(before) = latest.insert(kind, number).filter(|before| *before > number) {
                return Err(Wrong(format!("client {who} heard {number} of node {} behind {before}", said.node)));
            }
        }
        Ok(())
    }

    /// What a client should have heard and has not.
    fn holes<'a>(&'a self, who: usize, listener: &'a Listener) -> impl Iterator<Item = usize> + 'a {
        let heard: BTreeSet<_> = listener.heard.iter().copied().collect();
        let since = listener.since.unwrap_or(usize::MAX);
        let expected = self.said.iter().enumerate().skip(since).filter(move |(number, said)| {
            let is_here = said.node == listener.node;
            !heard.contains(number) && said.is_for(who, listener, |room| listener.is_in(room, *number, is_here, true))
        });
        expected.map(|(number, _)| number)
    }

    /// Each hole of a client that stayed lies in a time when a bus was not up, and none is of its own node. Of one that was sent away
    /// from one node this holds for what that node had said before.
    fn check_holes(&self, who: usize, listener: &Listener) -> Result<(), Wrong> {
        if self.nodes[listener.node].has_ended() || (listener.until.is_some() && listener.sent_away_by.is_none()) {
            return Ok(());
        }
        let before = listener.until.unwrap_or(usize::MAX);
        for number in self.holes(who, listener) {
            let said = &self.said[number];
            // The answer of a notice's handler may come too late for a close.
            let is_ahead = |by| said.node == by && number < before && !matches!(said.to, To::Notice(_));
            if listener.sent_away_by.is_some_and(|by| !is_ahead(by)) {
                continue;
            }
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
            if listener.user.is_some() || node.has_ended() {
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
    pub fn has_ended(&self) -> bool {
        self.killed.is_some() || self.is_stopped
    }

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

//! The other nodes: the numbers of what each has said, by which gaps and duplicates are found, and what each says of itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::node_id::NodeId;

/// More are strangers: no cluster is as large.
const MOST: usize = 256;

/// Hellos come every second.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(5);

/// A silent node may be cut off, and have clients. After a minute it is taken for dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// Of the hellos of a node two at least have not come, and what is not numbered may have been lost as well.
const GAP: Duration = Duration::from_secs(3);

/// Nodes that started within this time of each other do not know which was first.
const SAME_TIME: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Nodes {
    known: Mutex<HashMap<NodeId, Known>>,
    /// As the hellos say, for whoever sends: it does not look through all nodes.
    reads_compressed: AtomicBool,
    others_serve: AtomicBool,
    /// How many are there, and how many of them serve, when that was last looked at.
    counts: Mutex<(usize, usize)>,
}

struct Known {
    /// The number of its latest record.
    latest: u64,
    heard: Instant,
    /// It has said nothing for long. Its number is kept, so that what is missed meanwhile is counted.
    is_silent: bool,
    /// It was not heard for a while, and has said no hello since.
    had_gap: bool,
    /// It has said goodbye. Its number is kept, because its last parcels may come twice.
    has_left: bool,
    hello: Option<Hello>,
    /// How many records it has said before the first that was heard, until its hello says whether they were missed.
    unheard: u64,
}

/// What a node says of itself each second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Hello {
    /// Milliseconds since 1970.
    pub since: u64,
    pub fingerprint: String,
    pub connections: usize,
    pub rooms: usize,
    pub users: usize,
    pub draining: bool,
    /// Its clients may read compressed messages.
    pub deflate: bool,
    /// It serves no clients.
    pub worker: bool,
    /// The number of its connection to the bus.
    pub connection: u64,
    /// For how long it has been in the cluster, in milliseconds. Its records are all younger.
    pub up_ms: u64,
    /// The greatest stamp of a newest value that it has given or seen. 0, and not said, if there was none.
    #[serde(skip_serializing_if = "is_zero")]
    pub newest: u64,
    /// How many newest values, or answers of such, did not reach the bus. 0, and not said, if none.
    #[serde(skip_serializing_if = "is_zero")]
    pub newest_refused: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Hello {
    /// Of its newest values. It was cut off, or the bus has not taken some. One that has just started has none.
    fn says_more_than(&self, before: Option<&Self>) -> bool {
        match before {
            Some(before) => (self.connection, self.newest_refused) != (before.connection, before.newest_refused),
            None => self.up_ms > SAME_TIME.as_millis() as u64,
        }
    }
}

pub(super) struct Heard {
    pub lost: u64,
    /// There are more or fewer nodes than before.
    pub is_news: bool,
    /// It may know newest values that this node does not.
    pub may_know_more: bool,
}

/// Another node, as it has last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeView {
    /// Its name.
    pub id: NodeId,
    /// When it started: milliseconds since 1970, by its own clock.
    pub since: u64,
    /// The fingerprint of its channels: see [`Description`](crate::describe::Description).
    pub fingerprint: String,
    /// How many clients it has.
    pub connections: usize,
    /// How many rooms are open there.
    pub rooms: usize,
    /// How many users have a connection there.
    pub users: usize,
    /// It is about to stop.
    pub draining: bool,
    /// It serves no clients, and is asked nothing.
    pub worker: bool,
}

/// What to do with the records of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Pass over so many, which were here before. So many were lost before the first.
    Known { duplicates: u32, lost: u64 },
    /// It was not heard before, and begins where it is. It may not know this node neither.
    New,
    /// There are too many nodes.
    Stranger,
}

impl Nodes {
    pub fn arrive(&self, node: NodeId, first: u64, count: u32, now: Instant) -> Arrival {
        let mut nodes = self.known.lock();
        let latest = first.saturating_add(u64::from(count)).saturating_sub(1);
        if let Some(known) = nodes.get_mut(&node) {
            known.had_gap |= known.is_silent || now.duration_since(known.heard) >= GAP;
            (known.heard, known.is_silent) = (now, false);
            let next = known.latest.saturating_add(1);
            let duplicates = u32::try_from(next.saturating_sub(first)).unwrap_or(u32::MAX).min(count);
            known.latest = known.latest.max(latest);
            return Arrival::Known { duplicates, lost: first.saturating_sub(next) };
        }
        if nodes.len() >= MOST && !forget_one(&mut nodes) {
            return Arrival::Stranger;
        }
        nodes.insert(
            node,
            Known {
                latest,
                heard: now,
                is_silent: false,
                had_gap: false,
                has_left: false,
                hello: None,
                unheard: first.saturating_sub(1),
            },
        );
        Arrival::New
    }

    /// Whether it has been heard, and has not said goodbye.
    pub fn knows(&self, node: NodeId) -> bool {
        self.known.lock().get(&node).is_some_and(|known| !known.has_left)
    }

    /// `age` is for how long this node has been in the cluster. Returns how many records were lost: those of a node that is younger,
    /// and that had said something before it was heard for the first time.
    pub fn hello(&self, node: NodeId, hello: Hello, age: Duration) -> Heard {
        let mut nodes = self.known.lock();
        let (mut lost, mut may_know_more) = (0, false);
        if let Some(known) = nodes.get_mut(&node) {
            let unheard = std::mem::take(&mut known.unheard);
            if age > Duration::from_millis(hello.up_ms) + SAME_TIME {
                lost = unheard;
            }
            may_know_more = std::mem::take(&mut known.had_gap) | hello.says_more_than(known.hello.as_ref());
            known.hello = Some(hello);
        }
        Heard { lost, is_news: self.renew(&nodes), may_know_more }
    }

    /// Returns whether there are more or fewer.
    fn renew(&self, nodes: &HashMap<NodeId, Known>) -> bool {
        let reads_compressed = hellos(nodes).any(|(_, hello)| hello.deflate);
        self.reads_compressed.store(reads_compressed, Ordering::Relaxed);
        let counts = (hellos(nodes).count(), serving(nodes));
        self.others_serve.store(counts.1 > 0, Ordering::Relaxed);
        std::mem::replace(&mut *self.counts.lock(), counts) != counts
    }

    pub fn others_serve(&self) -> bool {
        self.others_serve.load(Ordering::Relaxed)
    }

    pub fn reads_compressed(&self) -> bool {
        self.reads_compressed.load(Ordering::Relaxed)
    }

    /// Returns whether it was there.
    pub fn leave(&self, node: NodeId) -> bool {
        let mut nodes = self.known.lock();
        if let Some(known) = nodes.get_mut(&node) {
            known.has_left = true;
        }
        self.renew(&nodes)
    }

    /// Those that have said nothing for long are not there, until they say something. Called only while the bus is there. Returns
    /// whether there are fewer.
    pub fn look(&self, now: Instant) -> bool {
        let mut nodes = self.known.lock();
        for known in nodes.values_mut() {
            known.is_silent |= now.duration_since(known.heard) > SILENT_AFTER;
        }
        self.renew(&nodes)
    }

    /// No node could have been heard until now.
    pub fn begin(&self, now: Instant) {
        for known in self.known.lock().values_mut().filter(|known| !known.is_silent) {
            known.heard = now;
        }
    }

    /// Those that may have clients.
    pub fn to_be_asked(&self) -> Vec<NodeId> {
        let nodes = self.known.lock();
        let asked = nodes.iter().filter(|(_, known)| known.is_there() && !known.is_worker());
        asked.map(|(id, _)| *id).collect()
    }

    /// Those that have gone silent, and may have clients all the same.
    pub fn missing(&self, now: Instant) -> Vec<NodeId> {
        let nodes = self.known.lock();
        let missing = nodes.iter().filter(|(_, known)| {
            let is_silent = known.is_silent && now.duration_since(known.heard) < DEAD_AFTER;
            is_silent && !known.has_left && !known.is_worker()
        });
        missing.map(|(id, _)| *id).collect()
    }

    pub fn len(&self) -> usize {
        self.known.lock().values().filter(|known| known.is_there()).count()
    }

    /// How many others serve clients and go on.
    pub fn serving(&self) -> usize {
        serving(&self.known.lock())
    }

    pub fn views(&self) -> Vec<NodeView> {
        let mut views: Vec<_> = hellos(&self.known.lock()).map(|(id, hello)| view(id, hello)).collect();
        views.sort_by_key(|view| view.id);
        views
    }
}

impl Known {
    fn is_there(&self) -> bool {
        !self.is_silent && !self.has_left
    }

    fn is_worker(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.worker)
    }
}

/// Of those that are there.
fn hellos(nodes: &HashMap<NodeId, Known>) -> impl Iterator<Item = (NodeId, &Hello)> {
    let there = nodes.iter().filter(|(_, known)| known.is_there());
    there.filter_map(|(id, known)| Some((*id, known.hello.as_ref()?)))
}

fn serving(nodes: &HashMap<NodeId, Known>) -> usize {
    hellos(nodes).filter(|(_, hello)| !hello.worker && !hello.draining).count()
}

/// One that is not there, the longest first.
fn forget_one(nodes: &mut HashMap<NodeId, Known>) -> bool {
    let silent = nodes.iter().filter(|(_, known)| !known.is_there());
    let Some(oldest) = silent.min_by_key(|(_, known)| known.heard).map(|(id, _)| *id) else { return false };
    nodes.remove(&oldest);
    true
}

fn view(id: NodeId, hello: &Hello) -> NodeView {
    let Hello { since, fingerprint, connections, rooms, users, draining, worker, .. } = hello.clone();
    NodeView { id, since, fingerprint, connections, rooms, users, draining, worker }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_gap_and_each_duplicate_is_found() {
        let (nodes, node, now) = (Nodes::default(), NodeId(7), Instant::now());
        let arrive = |first, count| nodes.arrive(node, first, count, now);
        let known = |duplicates, lost| Arrival::Known { duplicates, lost };
        assert_eq!(arrive(10, 5), Arrival::New);
        assert_eq!(arrive(15, 1), known(0, 0));
        assert_eq!(arrive(19, 2), known(0, 3));
        assert_eq!(arrive(19, 2), known(2, 0));
        assert_eq!(arrive(16, 3), known(3, 0), "what comes late was counted as lost");
        assert_eq!(arrive(20, 3), known(1, 0));
        assert_eq!(arrive(23, 1), known(0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_heard_is_known_until_it_leaves() {
        let (nodes, node) = (Nodes::default(), NodeId(7));
        assert!(!nodes.knows(node));
        nodes.arrive(node, 1, 0, Instant::now());
        assert!(nodes.knows(node) && !nodes.knows(NodeId(8)));
        nodes.leave(node);
        assert!(!nodes.knows(node));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_younger_node_said_before_it_was_heard_was_missed() {
        let (nodes, now) = (Nodes::default(), Instant::now());
        let hello = |id: u64, up_ms: u64, age: Duration| {
            nodes.arrive(NodeId(id), 8, 1, now);
            nodes.hello(NodeId(id), Hello { up_ms, ..Hello::default() }, age).lost
        };
        assert_eq!(hello(1, 1000, Duration::from_secs(4)), 7);
        assert_eq!(hello(1, 2000, Duration::from_secs(5)), 0, "it is counted once");
        assert_eq!(hello(2, 5000, Duration::from_secs(4)), 0, "this one came later, and begins where the other is");
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_cut_off_or_could_not_say_all_may_know_more_newest_values() {
        let (nodes, now) = (Nodes::default(), Instant::now());
        let hello = |id: u64, up_ms, connection, newest_refused| {
            nodes.arrive(NodeId(id), 1, 0, now);
            let hello = Hello { up_ms, connection, newest_refused, ..Hello::default() };
            nodes.hello(NodeId(id), hello, Duration::ZERO).may_know_more
        };
        assert!(!hello(1, 100, 1, 0), "it has just started");
        assert!(!hello(1, 1100, 1, 0));
        assert!(hello(1, 2100, 2, 0), "it has connected anew");
        assert!(hello(1, 3100, 2, 5));
        assert!(!hello(1, 4100, 2, 5));
        assert!(hello(2, 9000, 1, 0), "it was not heard before");
    }

    /// As when the servers of a bus do not hear each other, and all nodes stay connected.
    #[tokio::test(start_paused = true)]
    async fn who_was_not_heard_for_a_while_may_know_more_newest_values() {
        let (nodes, start) = (Nodes::default(), Instant::now());
        let hello = |millis, up_ms| {
            nodes.arrive(NodeId(1), 1, 0, start + Duration::from_millis(millis));
            nodes.hello(NodeId(1), Hello { up_ms, ..Hello::default() }, Duration::ZERO).may_know_more
        };
        assert!(!hello(0, 100));
        assert!(!hello(2900, 3000));
        assert!(hello(5900, 6000), "two hellos have not come");
        assert!(!hello(6900, 7000));
        nodes.look(start + Duration::from_millis(6901) + SILENT_AFTER);
        nodes.begin(start + Duration::from_millis(20_000));
        assert!(hello(20_100, 20_000));
    }

    #[test]
    fn where_there_are_no_newest_values_a_hello_says_nothing_of_them() {
        let json = serde_json::to_string(&Hello::default()).unwrap();
        assert!(!json.contains("newest"), "{json}");
        assert_eq!(serde_json::from_str::<Hello>(&json).unwrap(), Hello::default());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_node_is_not_there_and_what_it_says_meanwhile_is_counted() {
        let (nodes, start) = (Nodes::default(), Instant::now());
        nodes.arrive(NodeId(1), 1, 1, start);
        nodes.look(start + SILENT_AFTER);
        assert_eq!(nodes.len(), 1);
        let later = start + SILENT_AFTER + Duration::from_millis(1);
        nodes.look(later);
        assert_eq!((nodes.len(), nodes.to_be_asked()), (0, Vec::new()));
        assert_eq!(nodes.missing(later), [NodeId(1)], "it may be cut off, and have clients");
        assert_eq!(nodes.missing(start + DEAD_AFTER), []);
        assert_eq!(nodes.arrive(NodeId(1), 5, 1, later), Arrival::Known { duplicates: 0, lost: 3 });
        assert_eq!(nodes.len(), 1);
        nodes.leave(NodeId(1));
        assert_eq!((nodes.len(), nodes.to_be_asked(), nodes.missing(later)), (0, vec![], vec![]));
        let again = nodes.arrive(NodeId(1), 5, 1, later);
        assert_eq!(again, Arrival::Known { duplicates: 1, lost: 0 }, "its last words come once");
        assert_eq!(nodes.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_nodes_and_the_silent_ones_make_room() {
        let (nodes, start) = (Nodes::default(), Instant::now());
        for id in 0..MOST as u64 {
            assert_ne!(nodes.arrive(NodeId(id), 1, 1, start), Arrival::Stranger);
        }
        assert_eq!(nodes.arrive(NodeId(1000), 1, 1, start), Arrival::Stranger);
        nodes.look(start + 2 * SILENT_AFTER);
        assert_ne!(nodes.arrive(NodeId(1000), 1, 1, start + 2 * SILENT_AFTER), Arrival::Stranger);
    }
}

//! The state of the simulated bus: who is connected, which wires are cut, and what is under way on them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::chance::Chance;
use super::lie::{Lie, Told};
use crate::cluster::engine::Subjects;
use crate::cluster::wire::{Content, Parcel, Record};
use crate::connection::in_flight::{Activity, Work, WorkGuard};

/// So many parcels of a node are held in front of a cut wire. Then the engine's socket is full, and publishing waits.
const MOST_HELD: usize = 64;

pub(super) struct Wires {
    pub chance: Chance,
    pub delay: RangeInclusive<Duration>,
    /// One in so many parcels is heard twice, at once.
    pub duplicates: u32,
    pub lie: Option<Lie>,
    pub longest: usize,
    pub is_down: bool,
    /// By how much the clocks of nodes are ahead.
    pub ahead: BTreeMap<usize, Duration>,
    activity: Activity,
    cuts: Vec<Cuts>,
    speakers: BTreeMap<u64, Speaker>,
    listeners: BTreeMap<u64, Listener>,
    /// What was held for connections that nodes have dropped since: their systems go on trying.
    late: Vec<Late>,
    next: u64,
}

/// Of one node.
#[derive(Clone, Copy, Default)]
pub(super) struct Cuts {
    pub to_bus: bool,
    pub from_bus: bool,
}

/// The half of a connection that publishes.
struct Speaker {
    node: usize,
    name: String,
    held: VecDeque<Said>,
    is_ended: bool,
}

struct Late {
    speaker: u64,
    node: usize,
    name: String,
    said: Said,
}

#[derive(Clone)]
pub(super) struct Said {
    /// `None` for all nodes.
    pub to: Option<String>,
    pub parcel: Bytes,
}

/// The half of a connection that subscribes.
struct Listener {
    node: usize,
    subjects: Subjects,
    waiting: BTreeMap<Place, Waiting>,
    /// Of each connection that publishes, the place of what it published last.
    latest: BTreeMap<u64, Place>,
    told: Told,
    changed: Arc<Notify>,
    is_ended: bool,
}

/// When it is heard; among those of one moment, by chance; among those of one publisher, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: Instant,
    chance: u64,
    number: u64,
}

struct Waiting {
    parcel: Bytes,
    guard: WorkGuard,
}

pub(super) enum Publishing {
    Taken,
    /// The socket is full.
    Waits,
    Ended,
}

pub(super) enum Hearing {
    Parcel(Bytes, WorkGuard),
    At(Instant),
    Waits,
    Ended,
}

impl Wires {
    pub fn new(nodes: usize, activity: Activity) -> Self {
        Self {
            chance: Chance::new(0),
            delay: Duration::ZERO..=Duration::ZERO,
            duplicates: 0,
            lie: None,
            longest: 1 << 20,
            is_down: false,
            ahead: BTreeMap::new(),
            activity,
            cuts: vec![Cuts::default(); nodes],
            speakers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            late: Vec::new(),
            next: 0,
        }
    }

    pub fn add_node(&mut self) -> usize {
        self.cuts.push(Cuts::default());
        self.cuts.len() - 1
    }

    pub fn nodes(&self) -> usize {
        self.cuts.len()
    }

    pub fn cuts(&self, node: usize) -> Cuts {
        self.cuts[node]
    }

    pub fn connect(&mut self, node: usize, subjects: &Subjects) -> (u64, Arc<Notify>) {
        self.next += 1;
        let changed = Arc::new(Notify::new());
        let name = subjects.name.clone();
        self.speakers.insert(self.next, Speaker { node, name, held: VecDeque::new(), is_ended: false });
        let listener = Listener {
            node,
            subjects: subjects.clone(),
            waiting: BTreeMap::new(),
            latest: BTreeMap::new(),
            told: Told::default(),
            changed: Arc::clone(&changed),
            is_ended: false,
        };
        self.listeners.insert(self.next, listener);
        (self.next, changed)
    }

    pub fn publish(&mut self, id: u64, said: &Said) -> Publishing {
        let speaker = self.speakers.get_mut(&id).expect("a speaker is there as long as its half of the link");
        let is_cut = self.cuts[speaker.node].to_bus;
        if speaker.is_ended && !is_cut {
            return Publishing::Ended;
        }
        if !is_cut {
            let (node, name) = (speaker.node, speaker.name.clone());
            self.spread(id, node, &name, said);
            return Publishing::Taken;
        }
        if speaker.held.len() >= MOST_HELD {
            return Publishing::Waits;
        }
        speaker.held.push_back(said.clone());
        Publishing::Taken
    }

    fn spread(&mut self, from: u64, node: usize, name: &str, said: &Said) {
        let Self { chance, listeners, cuts, activity, .. } = self;
        let is_heard_by = |listener: &Listener| {
            let is_meant = said.to.as_ref().is_none_or(|to| *to == listener.subjects.node);
            is_meant && !listener.is_ended && listener.subjects.name == name
        };
        for listener in listeners.values_mut().filter(|listener| is_heard_by(listener)) {
            let mut parcels = match self.lie.filter(|_| listener.node != node) {
                Some(lie) => listener.told.tell(said.parcel.clone(), lie, chance),
                None => vec![said.parcel.clone()],
            };
            if chance.one_in(self.duplicates) {
                parcels.extend(parcels.clone());
            }
            for parcel in parcels {
                let is_counted = is_work(&parcel) && !cuts[listener.node].from_bus;
                let guard = if is_counted { activity.begin(Work::Parcel) } else { WorkGuard::default() };
                let due = Instant::now() + chance.between(&self.delay);
                listener.push(from, due, chance, Waiting { parcel, guard });
            }
        }
    }

    pub fn hear(&mut self, id: u64) -> Hearing {
        let listener = self.listeners.get_mut(&id).expect("a listener is there as long as its half of the link");
        if self.cuts[listener.node].from_bus {
            return Hearing::Waits;
        }
        match listener.waiting.first_entry() {
            Some(first) if first.key().due <= Instant::now() => {
                let Waiting { parcel, guard } = first.remove();
                Hearing::Parcel(parcel, guard)
            }
            Some(first) => Hearing::At(first.key().due),
            None if listener.is_ended => Hearing::Ended,
            None => Hearing::Waits,
        }
    }

    pub fn stop_speaking(&mut self, id: u64) {
        let Some(Speaker { node, name, held, is_ended }) = self.speakers.remove(&id) else { return };
        if !is_ended {
            let late = |said| Late { speaker: id, node, name: name.clone(), said };
            self.late.extend(held.into_iter().map(late));
        }
    }

    pub fn stop_listening(&mut self, id: u64) {
        self.listeners.remove(&id);
    }

    pub fn set_cuts(&mut self, node: usize, cuts: Cuts) {
        let before = std::mem::replace(&mut self.cuts[node], cuts);
        if before.to_bus && !cuts.to_bus {
            self.release(node);
        }
        let Self { listeners, activity, .. } = self;
        for listener in listeners.values_mut().filter(|listener| listener.node == node) {
            for Waiting { parcel, guard } in listener.waiting.values_mut() {
                if cuts.from_bus {
                    guard.end();
                } else if !guard.is_counting() && is_work(parcel) {
                    *guard = activity.begin(Work::Parcel);
                }
            }
            listener.changed.notify_waiters();
        }
    }

    /// What was held in front of a cut wire is published.
    fn release(&mut self, node: usize) {
        let (late, others) = std::mem::take(&mut self.late).into_iter().partition(|late| late.node == node);
        self.late = others;
        // The end of a connection may have reached the bus, or not.
        let late: Vec<Late> = if self.chance.one_in(2) { late } else { Vec::new() };
        for Late { speaker, node, name, said } in late {
            self.spread(speaker, node, &name, &said);
        }
        let ids: Vec<_> = self.speakers.iter().filter(|(_, speaker)| speaker.node == node).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(Speaker { name, held, is_ended, .. }) = self.speakers.get_mut(&id) else { continue };
            let (name, held, is_ended) = (name.clone(), std::mem::take(held), *is_ended);
            for said in held.iter().filter(|_| !is_ended) {
                self.spread(id, node, &name, said);
            }
        }
    }

    /// Ends all connections. What is under way to a node may still arrive, up to a point.
    pub fn end_all(&mut self) {
        self.late.clear();
        for speaker in self.speakers.values_mut() {
            speaker.is_ended = true;
        }
        for listener in self.listeners.values_mut().filter(|listener| !listener.is_ended) {
            let kept = self.chance.below(listener.waiting.len() + 1);
            while listener.waiting.len() > kept {
                listener.waiting.pop_last();
            }
            listener.is_ended = true;
            listener.changed.notify_waiters();
        }
    }
}

impl Listener {
    fn push(&mut self, from: u64, due: Instant, chance: &mut Chance, waiting: Waiting) {
        let latest = self.latest.get(&from).filter(|latest| latest.due >= due);
        let place = match latest {
            Some(latest) => Place { number: latest.number + 1, ..*latest },
            None => Place { due, chance: chance.number(), number: 0 },
        };
        self.latest.insert(from, place);
        self.waiting.insert(place, waiting);
        self.changed.notify_waiters();
    }
}

/// Whether a parcel is waited for when a test settles. Hellos never end.
fn is_work(parcel: &[u8]) -> bool {
    let is_greeting = |record: Result<Record<'_>, _>| {
        record.is_ok_and(|record| matches!(record.content, Content::Hello(_) | Content::Bye))
    };
    !Parcel::parse(parcel).is_ok_and(|mut records| records.all(is_greeting))
}

//! The verdict: whether all that had to be heard was, in order, or was missing for a reason that is counted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::hash::Hash;

use crate::node::To;
use crate::places::Seen;
use crate::record::{Inner, Life, Process, Said};

/// A node whose bus takes nothing, or says nothing, notices after 3 s, within a second; what was said until then may be missing.
const NOTICED_WITHIN: u64 = 5000;

/// Until a node notices that its bus holds what it says, that may be under way.
const UNDER_WAY: u64 = 4000;

/// After a change a node says so by this.
const SAID_WITHIN: u64 = 500;

/// What waited for longer was dropped.
const QUEUE_AGE: u64 = 5000;

/// Codes with which a connection may end here.
const CODES: [(u16, &str); 5] = [
    (1000, "the client left"),
    (1001, "the node stopped"),
    (1006, "the connection broke"),
    (1012, "the node restarts"),
    (1013, "the client read too slowly"),
];

#[derive(Debug, Default)]
pub struct Verdict {
    pub said: u64,
    pub heard: u64,
    /// What a client that stayed has missed.
    pub holes: u64,
    /// Of them, what its sender was told.
    pub told: u64,
    /// What a node's clients have missed, each message once a node.
    pub missed: u64,
    /// What the nodes count.
    pub lost: u64,
    pub duplicates: u64,
    pub broken: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, heard, holes, told, missed, lost, duplicates, .. } = self;
        write!(
            f,
            "said {said}, heard {heard}, holes {holes} (of which the sender was told {told}); missed by nodes {missed}, \
             counted as lost {lost}, dropped as duplicates {duplicates}"
        )
    }
}

/// What a node did not hear of another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Missed {
    by: Process,
    life: u32,
    n: u32,
}

pub fn judge(record: &Inner, places: &[Seen], is_calm: bool) -> Verdict {
    let mut verdict = Verdict { broken: record.broken.clone(), ..Verdict::default() };
    verdict.said = record.lives.iter().map(|life| life.said.len() as u64).sum();
    verdict.heard = record.lives.iter().map(|life| life.heard.len() as u64).sum();
    let begun = record.lives.iter().filter_map(|life| life.welcome).min().unwrap_or_default();
    let mut missed = HashSet::new();
    for (number, listener) in record.lives.iter().enumerate() {
        let Some(welcome) = listener.welcome else { continue };
        let mut heard = HashMap::<u32, HashSet<u32>>::new();
        for (from, n) in &listener.heard {
            heard.entry(*from).or_default().insert(*n);
        }
        for (from, speaker) in (0u32..).zip(&record.lives) {
            if speaker.welcome.is_none_or(|spoke| listener.ended.is_some_and(|ended| spoke > ended)) {
                continue;
            }
            let none = HashSet::new();
            let heard = heard.get(&from).unwrap_or(&none);
            let last = if listener.ended.is_none() { Some(u32::MAX) } else { heard.iter().max().copied() };
            for (n, said) in (0u32..).zip(&speaker.said) {
                let is_due = said.at > welcome && said.told.is_some() && last.is_some_and(|last| n < last);
                if !is_due || !listener.is_for(speaker, said.to) || heard.contains(&n) {
                    continue;
                }
                verdict.holes += 1;
                let is_refused = said.told.is_some_and(|(_, is_refused)| is_refused);
                verdict.told += u64::from(is_refused);
                if let Some(problem) = problem(listener, speaker, said, places, is_calm) {
                    verdict.broken.push(format!(
                        "life {number} on {:?} did not hear {n} of life {from} on {:?} to {:?}, said at {:.1} s: {problem}",
                        listener.process, speaker.process, said.to, (said.at - begun) as f64 / 1000.0
                    ));
                }
                if !is_refused && missed.insert(Missed { by: listener.process, life: from, n }) {
                    verdict.missed += 1;
                }
            }
        }
    }
    count(record, places, &missed, &mut verdict);
    order(record, &mut verdict);
    for (code, times) in &record.ends {
        if !CODES.iter().any(|(allowed, _)| allowed == code) {
            verdict.broken.push(format!("{times} connections ended with {code}"));
        }
    }
    verdict
}

/// Why it may not be missing.
fn problem(listener: &Life, speaker: &Life, said: &Said, places: &[Seen], is_calm: bool) -> Option<&'static str> {
    if is_calm {
        return Some("nothing went wrong");
    }
    if listener.process == speaker.process {
        return Some("they are on one node");
    }
    let until = said.told.map_or(said.at, |(at, _)| at) + UNDER_WAY + NOTICED_WITHIN;
    let was_well = |life: &Life| places[life.process.place].was_well(said.at - SAID_WITHIN, until);
    (was_well(listener) && was_well(speaker)).then_some("both nodes' buses were there")
}

/// Each node has to count what it missed of nodes that live on.
fn count(record: &Inner, places: &[Seen], missed: &HashSet<Missed>, verdict: &mut Verdict) {
    let processes: HashMap<_, _> = places
        .iter()
        .flat_map(|seen| &seen.processes)
        .map(|(process, began, last)| (*process, (*began, last)))
        .collect();
    let mut to_count = BTreeMap::<Process, u64>::new();
    for Missed { by, life, n } in missed {
        let speaker = &record.lives[*life as usize];
        let (Some((listening, _)), Some((speaking, _))) = (processes.get(by), processes.get(&speaker.process)) else {
            continue;
        };
        let said = speaker.said[*n as usize];
        let told = said.told.map_or(said.at, |(at, _)| at);
        // A node that was killed says no later number, by which what came before would be missed; one that says goodbye does, to
        // those that are there.
        let is_cut_off = |ended: u64| told + QUEUE_AGE + NOTICED_WITHIN > ended;
        let is_unheard = |ended: u64| !places[by.place].was_well(ended - NOTICED_WITHIN, ended + NOTICED_WITHIN);
        let is_silent = |ended| if speaking.is_graceful { is_unheard(ended) } else { is_cut_off(ended) };
        let is_silenced = speaking.ended.is_some_and(is_silent);
        let is_untold = listening.ended.is_some_and(|ended| told + 1500 > ended);
        // One that began while the other heard nothing is heard from where it is.
        let is_unknown = !places[by.place].was_well(speaking.at - SAID_WITHIN, said.at + NOTICED_WITHIN)
            && said.at < speaking.at + 2 * NOTICED_WITHIN;
        // One that has just begun, and has not heard the other yet, begins where it hears it first.
        let (from, until) = (listening.at - SAID_WITHIN, said.at + NOTICED_WITHIN);
        let were_well = [by.place, speaker.process.place].iter().all(|place| places[*place].was_well(from, until));
        let is_new = !were_well && said.at < listening.at + 2 * NOTICED_WITHIN;
        if !is_silenced && !is_untold && !is_unknown && !is_new {
            *to_count.entry(*by).or_default() += 1;
        }
    }
    for (process, (_, last)) in &processes {
        verdict.lost += last.lost;
        verdict.duplicates += last.duplicates;
        let missed = to_count.get(process).copied().unwrap_or_default();
        if missed > last.lost {
            verdict.broken.push(format!("{process:?} missed {missed} messages and counts {}", last.lost));
        }
    }
}

/// What is sent on one node to one room is heard in one order by all its members.
fn order(record: &Inner, verdict: &mut Verdict) {
    let mut heard = HashMap::<(u64, Process), Vec<Vec<(u32, u32)>>>::new();
    for listener in &record.lives {
        let mut by_process = HashMap::<Process, Vec<(u32, u32)>>::new();
        for (from, n) in &listener.heard {
            let speaker = &record.lives[*from as usize];
            if speaker.said.get(*n as usize).is_some_and(|said| said.to == To::Room) {
                by_process.entry(speaker.process).or_default().push((*from, *n));
            }
        }
        for (process, order) in by_process {
            heard.entry((listener.room, process)).or_default().push(order);
        }
    }
    for ((room, process), orders) in heard {
        if let Some((from, n)) = contradiction(&orders) {
            verdict.broken.push(format!(
                "what was said on {process:?} in room {room} was heard in different orders: look at {n} of life {from}"
            ));
        }
    }
}

/// Something for which there is no place in any order that agrees with all of these, which may have holes. `None` if one agrees.
fn contradiction<T: Copy + Eq + Hash>(orders: &[Vec<T>]) -> Option<T> {
    let (mut before, mut behind) = (HashMap::<T, usize>::new(), HashMap::<T, Vec<T>>::new());
    for order in orders {
        for said in order {
            before.entry(*said).or_default();
        }
        for pair in order.windows(2) {
            *before.entry(pair[1]).or_default() += 1;
            behind.entry(pair[0]).or_default().push(pair[1]);
        }
    }
    let mut first: Vec<_> = before.iter().filter(|(_, before)| **before == 0).map(|(said, _)| *said).collect();
    while let Some(said) = first.pop() {
        before.remove(&said);
        for next in behind.remove(&said).unwrap_or_default() {
            let before = before.get_mut(&next).expect("something is before it until now");
            *before -= 1;
            if *before == 0 {
                first.push(next);
            }
        }
    }
    before.into_keys().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_order_agrees_with_all_or_something_contradicts() {
        assert_eq!(contradiction::<u32>(&[]), None);
        assert_eq!(contradiction(&[vec![1, 2, 4], vec![1, 3, 4], vec![2, 3]]), None);
        assert!(contradiction(&[vec![1, 2], vec![2, 1]]).is_some());
        // Whoever is compared with the one before alone hears nothing wrong.
        assert!(contradiction(&[vec![1, 2], vec![1], vec![2, 1]]).is_some());
        assert!(contradiction(&[vec![1, 2], vec![2, 3], vec![3, 1]]).is_some());
    }
}

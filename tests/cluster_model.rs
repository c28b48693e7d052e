//! Random runs of a cluster over a simulated bus: nodes, clients and faults by a seed.
//!
//! `SEEDS=10000 cargo test --test cluster_model` tries more of them, `SEED=17` that one. What must hold is in the model's journal.

#[path = "clustered/model/mod.rs"]
mod model;

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use model::journal::Wrong;
use model::one;
use model::run::{Kind, Lie};

/// In the usual test run.
const SEEDS: u64 = 1000;

/// A third is without faults, a third without questions, whose numbers blur the counters.
fn kind(seed: u64) -> Kind {
    Kind { has_faults: !seed.is_multiple_of(3), has_bans: seed % 3 != 1, lie: None }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

#[test]
fn whatever_happens_each_loss_is_counted_and_nothing_is_heard_twice_or_in_another_order() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    let (next, wrong) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let try_on = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| seeds.contains(seed)) {
            wrong.lock().unwrap().extend(one(seed, kind(seed)).err().map(|wrong| (seed, wrong)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(try_on);
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort_unstable_by_key(|(seed, _)| *seed);
    let lines =
        wrong.iter().take(10).map(|(seed, wrong)| format!("SEED={seed} cargo test --test cluster_model\n    {wrong}"));
    assert!(wrong.is_empty(), "{} seeds fail\n{}", wrong.len(), lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    for seed in 0..20 {
        let first = one(seed, kind(seed));
        assert_eq!(first, one(seed, kind(seed)), "SEED={seed}");
    }
}

/// The bus changes the parcels' numbers, so that the nodes notice nothing: only who compares what was heard can.
#[test]
fn a_bus_that_lies_is_found_out() {
    for (lie, expected) in [(Lie::Reorder, "behind"), (Lie::Repeat, "twice"), (Lie::Lose, "has not heard")] {
        for seed in 0..10 {
            let kind = Kind { has_faults: false, has_bans: false, lie: Some(lie) };
            let Err(Wrong(why)) = one(seed, kind) else { panic!("{lie:?} is not found out with seed {seed}") };
            assert!(why.contains(expected), "{lie:?}, seed {seed}: {why}");
        }
    }
}

//! A deploy: each node in turn is told to stop and started again, and its clients come back elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::node::Status;
use crate::places::{Place, all};
use crate::record::{Record, now};

/// Between one node and the next, so that clients are where they came to.
const PAUSE: Duration = Duration::from_secs(2);

pub async fn roll(
    places: &[Arc<Place>],
    record: &Record,
    heal: Duration,
    is_whole: impl Fn(&Status) -> bool,
) -> io::Result<()> {
    let mut ended = 0;
    for (number, place) in places.iter().enumerate() {
        sleep(PAUSE).await;
        let begun = now();
        let there = record.read(|record| {
            let lives = record.lives.iter().filter(|life| life.is_there());
            lives.filter(|life| life.process.place == number).count()
        });
        ended += there;
        place.stop().await?;
        let stopped = now() - begun;
        place.start().await?;
        match all(places, heal, &is_whole).await {
            Ok(after) => println!(
                "node {number}, with {there} clients, had stopped after {:.1} s; all clients were back {after:.1?} after it was",
                stopped as f64 / 1000.0
            ),
            Err(status) => record.broke(format!("{heal:?} after node {number} was back: {status:?}")),
        }
    }
    let mut ends = HashMap::<usize, Option<u64>>::new();
    let (mut returns, mut gaps) = (HashMap::<usize, usize>::new(), Vec::new());
    record.read(|record| {
        for life in record.lives.iter().filter(|life| life.welcome.is_some()) {
            if let (Some(Some(before)), Some(welcome)) = (ends.insert(life.client, life.ended), life.welcome) {
                *returns.entry(life.client).or_default() += 1;
                gaps.push(welcome - before);
            }
        }
    });
    let mut clients = BTreeMap::<usize, usize>::new();
    for times in ends.keys().map(|client| returns.get(client).copied().unwrap_or_default()) {
        *clients.entry(times).or_default() += 1;
    }
    gaps.sort_unstable();
    let gap = |share: usize| gaps.get(gaps.len() * share / 100).or(gaps.last()).copied().unwrap_or_default();
    println!(
        "{ended} connections ended with their nodes, and {} came back; clients by how often: {clients:?}; \
         away for {} ms, 99 of 100 for less than {}, {} at most",
        gaps.len(),
        gap(50),
        gap(99),
        gap(100)
    );
    if ended != gaps.len() {
        record.broke("each client has to come back once for each time that its node stops");
    }
    Ok(())
}

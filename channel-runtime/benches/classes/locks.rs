//! How long the lock of a room of 10,000 members with 1000 keys is held, for each thing that it is held for. Each hold is measured five
//! times, of which the shortest counts, because the machine has other work; and of all holds for one thing the longest is told.

use std::collections::BTreeMap;
use std::time::Duration;

use channel_runtime::private::newest_holds;

pub fn row() {
    let mut longest = BTreeMap::<&str, Duration>::new();
    for bytes in [200, 1000] {
        let all = [(); 5].map(|()| newest_holds(bytes));
        for at in 0..all[0].len() {
            let hold = all.iter().map(|holds| holds[at].1).min().unwrap_or_default();
            let longest = longest.entry(all[0][at].0).or_default();
            *longest = hold.max(*longest);
        }
    }
    println!(
        "the longest hold of a room's lock, with 10000 members and 1000 keys of 1000 bytes at the most, in microseconds:"
    );
    for (what, time) in longest {
        println!("    {what}: {:.1}", time.as_nanos() as f64 / 1000.0);
    }
}

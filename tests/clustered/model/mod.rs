//! Random runs of a cluster, by a seed, and what must hold in each.

pub mod journal;
pub mod run;

use std::panic::{AssertUnwindSafe, catch_unwind};

use journal::Wrong;
use run::{Kind, run};
use tokio::runtime::Builder;

/// On a clock that does not wait. Returns what each client has heard.
pub fn one(seed: u64, kind: Kind) -> Result<Vec<Vec<usize>>, Wrong> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(seed, kind))));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(Wrong(format!("it panicked: {}", text.unwrap_or_default())))
    })
}

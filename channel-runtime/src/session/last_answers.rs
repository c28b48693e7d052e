//! The end of a connection whose client is still owed answers.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::session::driver::Driver;

const PROBE: Duration = Duration::from_secs(1);

pub(crate) async fn sent(driver: &mut Driver) {
    let (shutdown, patience) = (Arc::clone(driver.shutdown()), driver.config().shutdown_timeout);
    let mut given_up = pin!(timeout(patience, shutdown.abort_started()));
    let mut probes = interval(PROBE);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    poll_fn(|cx| {
        // A killed process looks like one that has ended its half alone, until it is written to.
        while probes.poll_tick(cx).is_ready() {
            driver.probe();
        }
        // Before the check, so that giving the last answer wakes this task.
        driver.poll_io(cx);
        if !driver.owes_answers() {
            return Poll::Ready(());
        }
        given_up.as_mut().poll(cx).map(drop)
    })
    .await;
}

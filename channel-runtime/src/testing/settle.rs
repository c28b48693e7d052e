//! Waiting until no work is in progress.

use std::time::Duration;

use super::expectation::Failure;
use crate::connection::in_flight::Activity;

pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn settle(activity: &Activity) -> Result<(), Failure> {
    let settled = async {
        // A timer of a connection that is due now has woken the connection's task, and is no work before that runs.
        tokio::task::yield_now().await;
        activity.settled().await;
    };
    tokio::time::timeout(PATIENCE, settled).await.map_err(|_| {
        let in_flight: Vec<_> = activity.in_flight().iter().map(ToString::to_string).collect();
        format!("still in flight after {PATIENCE:?}: {}", in_flight.join(", "))
    })
}

//! Several nodes of one app: the same list over a simulated bus, NATS and Redis, and what only a simulated bus can be told to do.

#[macro_use]
mod clustered;

use clustered::nodes::Nodes;
use clustered::scenarios::what_is_longer_than_the_bus_takes_is_heard_by_nobody;

#[tokio::test]
async fn what_is_longer_than_a_bus_takes_is_heard_by_nobody() {
    what_is_longer_than_the_bus_takes_is_heard_by_nobody(Nodes::simulated(2).await).await;
    what_is_longer_than_the_bus_takes_is_heard_by_nobody(Nodes::nats(2).await).await;
}

mod simulated_with_a_clock_that_runs {
    scenarios!(crate::clustered::nodes::Nodes::simulated, ());
}

mod simulated {
    scenarios!(crate::clustered::nodes::Nodes::simulated, (start_paused = true));
}

mod nats {
    scenarios!(crate::clustered::nodes::Nodes::nats, ());
}

mod redis {
    scenarios!(crate::clustered::nodes::Nodes::redis, ());
}

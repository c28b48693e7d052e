//! What only Redis has: two connections of one link, a bound of its own for who does not read, and sockets of unix.

use std::time::Duration;

use super::{Engine as _, Link, Redis, Subject, Subjects};
use crate::cluster::buses::{Bus, Kind};

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("what the test waits for never came")
}

async fn link(redis: &Redis) -> Result<Link, String> {
    let subjects = Subjects { name: "shop".into(), node: format!("{:016x}", 1) };
    within(redis.engine.connect(&subjects)).await.map_err(|error| error.to_string())
}

async fn gets_in(redis: &Redis) {
    let mut node = link(redis).await.expect("it is let in");
    node.publisher.publish(Subject::Lane, "let in".into()).await.expect("a bus that takes it");
    assert_eq!(within(node.inbound.next()).await.expect("a bus that runs"), "let in");
}

/// Ends the connections of this type, but for its own.
async fn kill(bus: &Bus, kind: &str) {
    let client = redis::Client::open(bus.url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a bus that runs");
    let mut command = redis::cmd("CLIENT");
    let ended: usize =
        command.arg(&["KILL", "TYPE", kind]).query_async(&mut connection).await.expect("a command of Redis");
    assert_eq!(ended, 1);
}

#[tokio::test]
async fn a_lost_connection_of_two_ends_both_halves() {
    let bus = Bus::redis().await;
    for kind in ["pubsub", "normal"] {
        let Link { mut publisher, mut inbound, .. } = link(&Redis::at(bus.url())).await.expect("a bus that runs");
        let waits = tokio::spawn(async move { inbound.next().await });
        kill(&bus, kind).await;
        assert!(within(waits).await.expect("no panic").is_err(), "{kind}");
        assert!(within(publisher.publish(Subject::Lane, "too late".into())).await.is_err(), "{kind}");
    }
}

#[tokio::test]
async fn who_does_not_read_is_cut_by_redis_and_does_not_fill_memory() {
    const PARCELS: u32 = 120;
    let bus = Bus::redis().await;
    let Link { mut publisher, mut inbound, .. } = link(&Redis::at(bus.url())).await.expect("a bus that runs");
    let parcel = |number: u32| [&number.to_be_bytes()[..], &[0; 1 << 20]].concat();
    for number in 0..PARCELS {
        within(publisher.publish(Subject::Lane, parcel(number).into())).await.expect("a bus that takes it");
    }
    let mut heard = 0;
    while let Ok(next) = within(inbound.next()).await {
        assert!(next == parcel(heard), "{heard}");
        heard += 1;
    }
    // What was read and what was on its way.
    assert!((16..PARCELS).contains(&heard), "{heard}");
    assert!(within(publisher.publish(Subject::Lane, "too late".into())).await.is_err());
}

#[tokio::test]
async fn the_password_of_the_server_lets_in() {
    let bus = Bus::start_with(Kind::Redis, |_| vec!["--requirepass".into(), "s3cret".into()]).await;
    gets_in(&Redis::at(bus.url()).password("s3cret")).await;
    gets_in(&Redis::at(format!("redis://:s3cret@{}", bus.addr()))).await;
    gets_in(&Redis::at(format!("valkey://:s3cret@{}/7", bus.addr()))).await;
    let error = link(&Redis::at(bus.url())).await.err().expect("it is not let in");
    assert!(error.to_lowercase().contains("authentication required"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_will_do() {
    let bus =
        Bus::start_with(Kind::Redis, |place| vec!["--unixsocket".into(), place.join("socket").display().to_string()])
            .await;
    gets_in(&Redis::at(format!("unix://{}", bus.place().join("socket").display()))).await;
}

//! The operators' port of one node of several.

use std::time::Duration;

use channel_runtime::testing::{self, Client, TestCluster};
use channel_runtime::{Bus, BusState, Channels, CloseCode, Ops, OpsToken, channel, channels, message};
use serde_json::{Value, json};
use tokio::time::sleep;

const SECRET: &str = "operator-0123456789abcdef0123456789";

#[message(type = "leading")]
#[derive(Debug, PartialEq)]
pub struct Leading {
    by: String,
}

#[channel("/auction/:lot")]
pub struct Auction {
    lot: u64,
}

#[channel(sends(Leading))]
impl Auction {}

async fn two() -> TestCluster<()> {
    let server = |channels: Channels<()>| {
        let server = channels.app(());
        let token = || OpsToken::new(SECRET).unwrap();
        let routes = Ops::new().publish(token()).disconnect(token()).filter(&server);
        server.or(routes)
    };
    let setup = testing::cluster_with(2, || channels![Auction; cluster], server);
    setup.settings(|bus| bus.queue_bytes(30_000).queue_age(Duration::from_secs(2))).await
}

async fn client(cluster: &TestCluster<()>, node: usize) -> Client<Auction> {
    cluster[node].connect("/auction/42").await.unwrap()
}

async fn post(cluster: &TestCluster<()>, path: &str, body: Value) -> (u16, Value) {
    let request = cluster[0].post(path).header("authorization", &format!("Bearer {SECRET}"));
    let response = request.body(body.to_string()).await;
    (response.status.as_u16(), response.json())
}

async fn publish(cluster: &TestCluster<()>, by: &str) -> (u16, Value) {
    post(cluster, "/v1/publish", json!({ "room": "/auction/42", "message": { "type": "leading", "by": by } })).await
}

async fn until(bus: &mut Bus, is_up: bool) {
    while (bus.state() == BusState::Up) != is_up {
        bus.changed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_publishes_is_told_what_becomes_of_it_elsewhere() {
    let cluster = two().await;
    let mut clients = [client(&cluster, 0).await, client(&cluster, 1).await];
    let answer = |elsewhere: &str| (200, json!({ "recipients": 1, "refused": 0, "elsewhere": elsewhere }));
    assert_eq!(publish(&cluster, "ann").await, answer("taken"));
    for client in &mut clients {
        assert_eq!(client.expect::<Leading>().await.by, "ann");
    }
    let long = "x".repeat(20_000);
    cluster.bus().cut(0);
    until(&mut cluster[0].bus(), false).await;
    assert_eq!(publish(&cluster, &long).await, answer("taken"), "it waits for the bus");
    assert_eq!(publish(&cluster, &long).await, answer("refused: full"));
    sleep(Duration::from_millis(2001)).await;
    assert_eq!(publish(&cluster, "bob").await, answer("refused: away"));

    cluster.bus().longest(20_000);
    cluster.bus().heal(0);
    until(&mut cluster[0].bus(), true).await;
    let (status, refused) = publish(&cluster, &long).await;
    assert_eq!((status, &refused["code"]), (413, &json!("too_large")));
    cluster.settle().await;
    let [ann, bob] = clients.each_mut().map(Client::take_texts);
    assert_eq!((ann.len(), bob.len()), (3, 0), "what is too long is sent to nobody");
}

#[tokio::test(start_paused = true)]
async fn who_is_disconnected_on_one_node_is_so_on_both() {
    let cluster = two().await;
    let clients = [client(&cluster, 0).await, client(&cluster, 1).await];
    let everybody = json!({ "channel": "/auction/:lot", "all": true, "code": 4001, "reason": "closed" });
    let answer = post(&cluster, "/v1/disconnect", everybody).await;
    assert_eq!(answer, (200, json!({ "disconnected": 1 })), "those of this node are counted");
    for mut client in clients {
        assert_eq!(client.expect_close().await, (CloseCode::new(4001).unwrap(), "closed".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_bus_is_away_is_ready() {
    let cluster = two().await;
    let mut bus = cluster[0].bus();
    cluster.bus().stop();
    until(&mut bus, false).await;
    for _ in 0..3 {
        let ready = cluster[0].get("/ready").await;
        assert_eq!((ready.status.as_u16(), ready.json::<Value>()), (200, json!({ "ready": true })));
        sleep(Duration::from_secs(60)).await;
    }
    assert!(matches!(bus.state(), BusState::Away { .. }));
}

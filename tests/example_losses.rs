//! The examples whose rooms keep nothing and that have no other test with the testing kit: who was cut off hears what is sent once it is
//! back, and nothing of before.

use channel_runtime::testing;
use channel_runtime::{Hub, channels};
use serde_json::{Value, json};

use self::metrics_chat::{Chat, Said, Say};
use self::topics::{News, Topic, Welcome};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/json_rpc.rs"]
mod json_rpc;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/metrics.rs"]
mod metrics_chat;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/phoenix.rs"]
mod phoenix;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/axum.rs"]
mod topics;

#[tokio::test]
async fn who_watches_a_topic_is_welcomed_anew() {
    let channels = channels![Topic];
    let hub: Hub<Topic> = channels.of();
    let app = testing::app(channels.app(()));
    let mut ann = app.connect::<Topic>("/topics/bakery").await.expect("all may watch");
    assert_eq!(ann.expect::<Welcome>().await.watching, 1);
    ann.lose();
    app.settle().await;
    let topic = hub.room(&Topic::room("bakery"));
    assert_eq!(topic.send(News { text: "stale bread".into() }).recipients, 0);
    let mut ann = ann.come_back().await;
    assert_eq!(ann.expect::<Welcome>().await.watching, 1);
    assert_eq!(topic.send(News { text: "fresh bread".into() }).recipients, 1);
    assert_eq!(ann.expect::<News>().await.text, "fresh bread");
}

#[tokio::test]
async fn the_chat_of_metrics_keeps_nothing() {
    let app = testing::app(channels![Chat].app(()));
    let mut ann = app.connect::<Chat>("/chat/a").await.expect("all may chat");
    let mut bob = app.connect::<Chat>("/chat/a").await.expect("all may chat");
    ann.lose();
    bob.send(Say { text: "missed".into() });
    assert_eq!(bob.expect::<Said>().await.text, "missed");
    let mut ann = ann.come_back().await;
    bob.send(Say { text: "heard".into() });
    assert_eq!(ann.expect::<Said>().await.text, "heard");
}

#[tokio::test]
async fn a_client_of_phoenix_joins_anew() {
    let app = testing::app(phoenix::server());
    let mut ann = app.connect::<phoenix::Room>("/room/7/websocket").await.expect("all may come");
    let join = json!(["1", "1", "room:7", "phx_join", { "name": "Ann" }]).to_string();
    let say = json!(["1", "2", "room:7", "say", { "body": "Hello" }]).to_string();
    let is_ok = |text: String| {
        let reply: Value = serde_json::from_str(&text).expect("it is JSON");
        reply[4]["status"] == "ok"
    };
    ann.send_text(&join);
    assert!(is_ok(ann.expect_text().await));
    ann.lose();
    let mut ann = ann.come_back().await;
    ann.send_text(&say);
    assert!(!is_ok(ann.expect_text().await), "it has not joined over this connection");
    ann.send_text(&join);
    assert!(is_ok(ann.expect_text().await));
    ann.send_text(&say);
    let said: Value = serde_json::from_str(&ann.expect_text().await).expect("it is JSON");
    assert_eq!((&said[3], &said[4]), (&json!("said"), &json!({ "by": "Ann", "body": "Hello" })));
}

#[tokio::test]
async fn a_client_of_json_rpc_subscribes_anew() {
    let app = testing::app(json_rpc::server());
    let mut ann = app.connect::<json_rpc::Rpc>("/rpc").await.expect("all may call");
    let call = |method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 }).to_string()
    };
    let subscribe = call("rpc.on", json!({ "event": "announced" }));
    let announce = call("announce", json!({ "text": "tea" }));
    ann.send_text(&subscribe);
    assert!(ann.expect_text().await.contains("result"));
    ann.lose();
    app.settle().await;
    let mut ann = ann.come_back().await;
    ann.send_text(&announce);
    let answer: Value = serde_json::from_str(&ann.expect_text().await).expect("it is JSON");
    assert_eq!(answer["result"], 0, "nobody is subscribed");
    ann.send_text(&subscribe);
    assert!(ann.expect_text().await.contains("result"));
    ann.send_text(&announce);
    let told: Value = serde_json::from_str(&ann.expect_text().await).expect("it is JSON");
    assert_eq!((&told["method"], &told["params"]["text"]), (&json!("announced"), &json!("tea")));
}

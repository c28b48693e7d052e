//! The example `phoenix`: who was cut off joins anew.

use channel_runtime::testing;
use serde_json::{Value, json};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/phoenix.rs"]
mod phoenix;

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

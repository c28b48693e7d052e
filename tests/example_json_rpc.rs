//! The example `json_rpc`: who was cut off subscribes anew.

use channel_runtime::testing;
use serde_json::{Value, json};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/json_rpc.rs"]
mod json_rpc;

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

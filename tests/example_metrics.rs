//! The example `metrics`: who was cut off hears what is said once it is back, and nothing of before.

use channel_runtime::{channels, testing};

use self::metrics_chat::{Chat, Said, Say};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/metrics.rs"]
mod metrics_chat;

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

//! The example `axum`: who was cut off is welcomed anew, and hears what is published then.

use channel_runtime::testing;
use channel_runtime::{Hub, channels};

use self::topics::{News, Topic, Welcome};

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

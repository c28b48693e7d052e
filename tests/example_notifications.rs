//! The example `notifications`: pushed from outside, and every hook.

use channel_runtime::testing::{self, Client, TestApp};
use notifications::{Activity, App, Inbox, Notification, NotificationChannel, Order};
use serde_json::json;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/notifications.rs"]
mod notifications;

/// A device that is connected, and has taken its welcome: the inbox, the bitmap, and that `on_connect` ran.
async fn device(app: &TestApp<App>, user: &str) -> Client<NotificationChannel> {
    let mut device = app.connect("/notifications").query("user", user).await.expect("there is room");
    device.expect::<Inbox>().await;
    device.expect_binary().await;
    told(&mut device, "on_connect").await;
    device
}

/// The next message says that this hook ran; what it says of it.
async fn told(device: &mut Client<NotificationChannel>, hook: &str) -> String {
    let activity: Activity = device.expect().await;
    assert_eq!(activity.hook, hook);
    activity.detail
}

fn order(to: serde_json::Value, text: &str) -> Order {
    serde_json::from_value(json!({ "to": to, "text": text })).expect("an order")
}

#[tokio::test]
async fn a_notification_reaches_all_devices_of_one_of_several_or_of_all() {
    let (app, server) = notifications::server();
    let test = testing::app(server);
    let mut phone = device(&test, "ann").await;
    let mut laptop = device(&test, "ann").await;
    told(&mut phone, "on_connect").await;
    let mut bob = device(&test, "bob").await;
    let mut cat = device(&test, "cat").await;

    assert_eq!(app.notify(order(json!("ann"), "one")).devices, 2);
    assert_eq!(app.notify(order(json!(["ann", "bob", "ann"]), "several")).devices, 3);
    assert_eq!(app.notify(order(json!("all"), "all")).devices, 4);
    assert_eq!(app.notify(order(json!(["dora"]), "nobody")).devices, 0);

    for (device, expected) in [
        (&mut phone, &[(0, "one"), (1, "several"), (2, "all")][..]),
        (&mut laptop, &[(0, "one"), (1, "several"), (2, "all")]),
        (&mut bob, &[(1, "several"), (2, "all")]),
        (&mut cat, &[(2, "all")]),
    ] {
        for (id, text) in expected {
            let notification: Notification = device.expect().await;
            assert_eq!((notification.id, notification.text.as_str()), (*id, *text));
        }
        device.expect_nothing().await;
    }
}

#[tokio::test]
async fn what_was_missed_is_in_the_inbox() {
    let (app, server) = notifications::server();
    let test = testing::app(server);
    for (to, text) in [
        (json!("ann"), "to ann"),
        (json!("bob"), "to bob"),
        (json!(["bob", "cat"]), "to bob and cat"),
        (json!(["ann", "bob"]), "to ann and bob"),
        (json!("all"), "to all"),
    ] {
        app.notify(order(to, text));
    }
    let mut ann: Client<NotificationChannel> = test.connect("/notifications?user=ann").await.unwrap();
    let texts: Vec<_> = ann.expect::<Inbox>().await.notifications.into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["to ann", "to ann and bob", "to all"]);
    assert_eq!(ann.expect_binary().await, [].as_slice());
}

#[tokio::test]
async fn what_is_read_on_one_device_is_read_on_all_and_stays_so() {
    let (app, server) = notifications::server();
    let test = testing::app(server);
    let mut phone = device(&test, "ann").await;
    let mut laptop = device(&test, "ann").await;
    told(&mut phone, "on_connect").await;
    for number in 0..9 {
        app.notify(order(json!("all"), &format!("number {number}")));
        phone.expect::<Notification>().await;
        laptop.expect::<Notification>().await;
    }

    phone.binary([0b0000_0101]);
    for device in [&mut phone, &mut laptop] {
        assert_eq!(device.expect_binary().await, [0b0000_0101].as_slice());
        assert_eq!(told(device, "on_binary").await, "bytes: 1");
    }
    laptop.binary([0b0001_0000, 0b1]);
    for device in [&mut phone, &mut laptop] {
        assert_eq!(device.expect_binary().await, [0b0001_0101, 0b1].as_slice());
        told(device, "on_binary").await;
    }
    phone.binary([0, 0, 0]);
    assert_eq!(phone.expect_error("validation").await.message, "There are not that many notifications");
    laptop.expect_nothing().await;

    let mut tablet: Client<NotificationChannel> = test.connect("/notifications?user=ann").await.unwrap();
    tablet.expect::<Inbox>().await;
    assert_eq!(tablet.expect_binary().await, [0b0001_0101, 0b1].as_slice());
}

#[tokio::test]
async fn a_ping_has_its_pong_and_its_hook() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    let mut ann = device(&test, "ann").await;
    ann.ping("hello");
    assert_eq!(ann.expect_pong().await, "hello");
    assert_eq!(told(&mut ann, "on_ping").await, "number 1, bytes: 5");
    ann.ping("");
    assert_eq!(ann.expect_pong().await, "");
    assert_eq!(told(&mut ann, "on_ping").await, "number 2, bytes: 0");
    ann.pong("still here");
    assert_eq!(told(&mut ann, "on_pong").await, "bytes: 10");
    ann.expect_nothing().await;
}

#[tokio::test]
async fn the_channel_says_in_its_own_words_what_it_does_not_understand() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    let mut ann = device(&test, "ann").await;
    for nonsense in ["nonsense", r#"{"type":"read"}"#, "[]"] {
        ann.send_text(nonsense);
        told(&mut ann, "on_invalid").await;
        let fault = ann.expect_error("notifications.listen").await;
        assert_eq!(fault.message, "This channel only listens to binary messages");
    }
    ann.expect_nothing().await;
}

#[tokio::test]
async fn the_other_devices_learn_how_one_ended() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    let mut phone = device(&test, "ann").await;
    let mut laptop = device(&test, "ann").await;
    told(&mut phone, "on_connect").await;
    let tablet = device(&test, "ann").await;
    told(&mut phone, "on_connect").await;
    told(&mut laptop, "on_connect").await;

    laptop.close();
    assert_eq!(told(&mut phone, "on_close").await, "closed by the client (1000)");
    drop(tablet);
    assert!(told(&mut phone, "on_close").await.starts_with("connection lost"));
    phone.expect_nothing().await;
}

#[tokio::test]
async fn one_user_has_at_most_eight_devices() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    let come = || test.connect::<NotificationChannel>("/notifications?user=ann").without_waiting();
    let came = futures::future::join_all((0..40).map(|_| come())).await;
    let (mut devices, refused): (Vec<_>, Vec<_>) = came.into_iter().partition(Result::is_ok);
    assert_eq!((devices.len(), refused.len()), (8, 32));
    assert!(refused.into_iter().all(|refused| refused.unwrap_err().status == 429));
    let nobody = test.connect::<NotificationChannel>("/notifications?user=nobody").await.unwrap_err();
    assert_eq!((nobody.status.as_u16(), nobody.message.as_str()), (403, "Nobody has no inbox"));
    test.connect::<NotificationChannel>("/notifications?user=bob").await.expect("there is room for bob");

    devices.pop();
    test.settle().await;
    test.connect::<NotificationChannel>("/notifications?user=ann").await.expect("there is room again");
}

#[tokio::test]
async fn nobody_connects_without_a_name() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    for (path, status) in [("/notifications", 401), ("/notifications?user=", 400), ("/notifications?user=all", 400)] {
        let reject = test.connect::<NotificationChannel>(path).await.unwrap_err();
        assert_eq!(reject.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn the_route_takes_what_a_notification_needs_and_nothing_else() {
    let (_, server) = notifications::server();
    let test = testing::app(server);
    let mut ann = device(&test, "ann").await;
    let post = |body: &str| test.post("/notify").body(body.to_owned());

    let answer = post(r#"{"to":["ann","bob"],"text":"Lunch"}"#).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (202, r#"{"id":0,"devices":1}"#));
    assert_eq!(ann.expect::<Notification>().await.text, "Lunch");

    for broken in ["", "{}", r#"{"to":"no such name!","text":"x"}"#, r#"{"to":["all"],"text":"x"}"#] {
        assert_eq!(post(broken).await.status.as_u16(), 400, "{broken}");
    }
    for nothing in ["", " \n", "\u{200b}\u{feff}"] {
        assert_eq!(test.post("/notify").json(&json!({ "to": "all", "text": nothing })).await.status.as_u16(), 422);
    }
    assert_eq!(post(&format!(r#"{{"to":"all","text":"{}"}}"#, "x".repeat(5000))).await.status.as_u16(), 413);
    ann.expect_nothing().await;
}

#[tokio::test]
async fn who_was_cut_off_is_sent_the_inbox_with_what_it_missed() {
    let (app, server) = notifications::server();
    let test = testing::app(server);
    let mut ann = device(&test, "ann").await;
    ann.lose();
    test.settle().await;
    assert_eq!(app.notify(order(json!("ann"), "missed")).devices, 0);
    let mut ann = ann.come_back().await;
    let texts: Vec<_> = ann.expect::<Inbox>().await.notifications.into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["missed"]);
}

//! The example `users`: letters reach people, on whatever devices they have.

use channel_runtime::channels;
use channel_runtime::testing::{self, Client, TestApp};
use serde_json::json;
use users::{
    Broadcast, Call, Devices, Letter, Rang, Ring, Role, SendToUser, SendToUsers, UserChannel, UserId, YourRole,
};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/users.rs"]
mod users;

fn app() -> TestApp<()> {
    testing::app(users::server())
}

fn id(name: &str) -> UserId {
    name.parse().expect("a user's name")
}

/// Another device of this user, and the ones before it, all of which are told.
async fn device(
    app: &TestApp<()>,
    user: &str,
    name: &str,
    before: &mut [&mut Client<UserChannel>],
) -> Client<UserChannel> {
    let mut device = app.connect("/user").query("user", user).query("device", name).await.expect("all may connect");
    let count = before.len() + 1;
    assert_eq!(device.expect::<Devices>().await.count, count);
    for other in before {
        assert_eq!(other.expect::<Devices>().await.count, count);
    }
    device
}

fn to(user: &str, text: &str) -> SendToUser {
    SendToUser { user_id: id(user), text: text.into() }
}

#[tokio::test]
async fn a_letter_reaches_every_device_of_its_reader_and_nobody_else() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    let mut phone = device(&app, "bob", "phone", &mut []).await;
    let mut laptop = device(&app, "bob", "laptop", &mut [&mut phone]).await;
    let mut cat = device(&app, "cat", "phone", &mut []).await;

    assert_eq!(ann.request(to("bob", " Hello ")).success().await, json!({ "devices": 2 }));
    for bob in [&mut phone, &mut laptop] {
        let letter: Letter = bob.expect().await;
        assert_eq!((letter.from, letter.device.to_string().as_str()), (id("ann"), "phone"));
        assert_eq!((letter.to, letter.text.as_str()), (vec![id("bob")], "Hello"));
    }
    ann.expect_nothing().await;
    cat.expect_nothing().await;
}

#[tokio::test]
async fn the_writers_other_devices_show_what_was_written() {
    let app = app();
    let mut phone = device(&app, "ann", "phone", &mut []).await;
    let mut laptop = device(&app, "ann", "laptop", &mut [&mut phone]).await;
    let mut bob = device(&app, "bob", "phone", &mut []).await;

    assert_eq!(phone.request(to("bob", "Hello")).success().await, json!({ "devices": 2 }));
    assert_eq!(laptop.expect::<Letter>().await.text, "Hello");
    assert_eq!(bob.expect::<Letter>().await.text, "Hello");
    phone.expect_nothing().await;
}

#[tokio::test]
async fn a_reader_who_is_named_twice_has_one_copy() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    let mut bob = device(&app, "bob", "phone", &mut []).await;
    let mut cat = device(&app, "cat", "phone", &mut []).await;

    let user_ids = vec![id("bob"), id("cat"), id("bob"), id("ann"), id("dora")];
    let sent = ann.request(SendToUsers { user_ids, text: "Hello".into() }).success().await;
    assert_eq!(sent, json!({ "devices": 2 }));
    for reader in [&mut bob, &mut cat] {
        assert_eq!(reader.expect::<Letter>().await.text, "Hello");
        reader.expect_nothing().await;
    }
    ann.expect_nothing().await;
}

#[tokio::test]
async fn a_broadcast_spares_all_devices_of_whoever_sends_it() {
    let app = app();
    let mut phone = device(&app, "ann", "phone", &mut []).await;
    let mut laptop = device(&app, "ann", "laptop", &mut [&mut phone]).await;
    let mut bob = device(&app, "bob", "phone", &mut []).await;
    let mut cat = device(&app, "cat", "phone", &mut []).await;

    assert_eq!(phone.request(Broadcast { text: "Hello".into() }).success().await, json!({ "devices": 2 }));
    for reader in [&mut bob, &mut cat] {
        let letter: Letter = reader.expect().await;
        assert_eq!((letter.text.as_str(), letter.to), ("Hello", vec![]));
    }
    phone.expect_nothing().await;
    laptop.expect_nothing().await;
}

#[tokio::test]
async fn all_devices_learn_how_many_they_are() {
    let app = app();
    let mut phone = device(&app, "ann", "phone", &mut []).await;
    let mut laptop = device(&app, "ann", "laptop", &mut [&mut phone]).await;
    let bob = device(&app, "bob", "phone", &mut []).await;

    laptop.close();
    assert_eq!(phone.expect::<Devices>().await.count, 1);
    drop(bob);
    phone.expect_nothing().await;
}

#[tokio::test]
async fn a_letter_for_somebody_who_is_not_here_reaches_nobody() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    assert_eq!(ann.request(to("bob", "Hello?")).success().await, json!({ "devices": 0 }));
    ann.expect_nothing().await;
}

#[tokio::test]
async fn letters_have_words_and_readers() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    let mut bob = device(&app, "bob", "phone", &mut []).await;

    for nothing in [" \n", "\u{200b}\u{ad}"] {
        let fault = ann.request(to("bob", nothing)).error("validation").await;
        assert_eq!(fault.message, "A letter needs words");
    }
    let fault = ann.request(to("bob", &"x".repeat(501))).error("validation").await;
    assert_eq!(fault.message, "A letter has at most 500 characters");
    let nobody = SendToUsers { user_ids: vec![], text: "Hello".into() };
    let fault = ann.request(nobody).error("validation").await;
    assert_eq!(fault.message, "A letter goes to one to a hundred people");
    ann.send_text(r#"{"type":"send_to_user","user_id":"no such name!","text":"Hello"}"#);
    assert!(ann.expect_error("invalid_payload").await.message.contains("a name has one to twenty letters and digits"));
    bob.expect_nothing().await;
}

#[tokio::test]
async fn a_role_that_changes_is_known_on_every_device_at_once() {
    let channels = channels![UserChannel];
    let routes = users::routes(channels.of::<UserChannel>());
    let app = testing::app(channels.app(()));
    let mut phone = device(&app, "ann", "phone", &mut []).await;
    let mut laptop = device(&app, "ann", "laptop", &mut [&mut phone]).await;
    let mut bob = device(&app, "bob", "phone", &mut []).await;
    let post = |body: &str| warp::test::request().method("POST").path("/role").body(body).reply(&routes);

    let answer = post(r#"{"user_id":"ann","role":"reader"}"#).await;
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, br#"{"devices":2}"#.as_ref()));
    for ann in [&mut phone, &mut laptop] {
        assert_eq!(ann.expect::<YourRole>().await.role, Role::Reader);
        let fault = ann.request(to("bob", "Hello")).error("forbidden").await;
        assert_eq!(fault.message, "You may read here, and not write");
    }
    bob.request(to("ann", "Hello")).success().await;
    phone.expect::<Letter>().await;
    laptop.expect::<Letter>().await;

    post(r#"{"user_id":"ann","role":"writer"}"#).await;
    phone.expect::<YourRole>().await;
    laptop.expect::<YourRole>().await;
    phone.request(to("bob", "Hello")).success().await;
    assert_eq!(bob.expect::<Letter>().await.text, "Hello");

    assert_eq!(post(r#"{"user_id":"dora","role":"reader"}"#).await.body().as_ref(), br#"{"devices":0}"#);
    assert_eq!(post(r#"{"user_id":"ann","role":"king"}"#).await.status().as_u16(), 400);
}

#[tokio::test]
async fn nobody_connects_without_a_name() {
    let app = app();
    let reject = app.connect::<UserChannel>("/user").await.unwrap_err();
    assert_eq!((reject.status.as_u16(), reject.message.as_str()), (401, "Who are you?"));
    let reject = app.connect::<UserChannel>("/user").query("user", "a b").await.unwrap_err();
    assert_eq!(reject.status.as_u16(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_call_rings_on_each_device_until_one_decides() {
    for (accepts, outcome) in [(true, "accepted"), (false, "declined")] {
        let app = app();
        let mut ann = device(&app, "ann", "phone", &mut []).await;
        let mut phone = device(&app, "bob", "phone", &mut []).await;
        let mut laptop = device(&app, "bob", "laptop", &mut [&mut phone]).await;

        let called = ann.request(Call { user_id: id("bob") });
        let (first, second) = (phone.expect_question::<Ring>().await, laptop.expect_question::<Ring>().await);
        assert_eq!((&first.from, &second.from), (&id("ann"), &id("ann")));
        laptop.answer(second, json!({ "accepts": accepts }));
        assert_eq!(called.success().await, json!({ "devices": 2, "outcome": outcome }));
        for bob in [&mut phone, &mut laptop] {
            assert_eq!(bob.expect::<Rang>().await.from, id("ann"));
        }
        // Its page takes the call off, too.
        phone.answer(first, json!({ "accepts": false }));
        phone.expect_nothing().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_takes_is_missed_after_five_seconds_and_letters_are_written_meanwhile() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    assert_eq!(ann.request(Call { user_id: id("bob") }).success().await, json!({ "devices": 0, "outcome": "missed" }));
    let mut bob = device(&app, "bob", "phone", &mut []).await;
    ann.send(Call { user_id: id("bob") });
    let ring = bob.expect_question::<Ring>().await;
    ann.send(to("bob", "It is me"));
    assert_eq!(bob.expect::<Letter>().await.text, "It is me");
    tokio::time::advance(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(bob.expect::<Rang>().await.from, id("ann"));
    bob.answer(ring, json!({ "accepts": true }));
    bob.expect_nothing().await;
}

#[tokio::test]
async fn who_was_cut_off_is_its_users_device_again_and_a_letter_of_meanwhile_is_on_the_others_alone() {
    let app = app();
    let mut ann = device(&app, "ann", "phone", &mut []).await;
    let mut phone = device(&app, "bob", "phone", &mut []).await;
    let mut laptop = device(&app, "bob", "laptop", &mut [&mut phone]).await;
    phone.lose();
    assert_eq!(laptop.expect::<Devices>().await.count, 1);
    assert_eq!(ann.request(to("bob", "Hello")).success().await, json!({ "devices": 1 }));
    assert_eq!(laptop.expect::<Letter>().await.text, "Hello");
    let mut phone = phone.come_back().await;
    for bob in [&mut phone, &mut laptop] {
        assert_eq!(bob.expect::<Devices>().await.count, 2);
        bob.expect_nothing().await;
    }
}

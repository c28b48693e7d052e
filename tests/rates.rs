//! Rates: what comes too fast is refused without being read, told so within bounds, and who goes on is sent away.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, ClosedBy, Config, Fault, Hub, Rate, Success, channel, channels, message};
use serde::{Deserialize, Deserializer};
use support::board::Name;
use support::wire::{Fixture, bare, echo};
use support::{Frame, Raw, masked, text};
use tokio::time::advance;

#[message(type = "say", rate = "5/s", burst = 10)]
pub struct Say {
    text: String,
}

/// Its reading panics: nobody reads what is refused.
#[message(type = "poison", rate = "1/h")]
pub struct Poison {
    #[serde(deserialize_with = "panics_at_the_second")]
    _nth: u8,
}

fn panics_at_the_second<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let nth = u8::deserialize(deserializer)?;
    assert!(nth < 2, "this should not have been read");
    Ok(nth)
}

/// Seldom, where no handler says otherwise.
#[message(type = "shout", rate = "1/h")]
pub struct Shout {}

#[channel("/desk")]
pub struct Desk {
    #[extract]
    name: Name,
}

#[channel]
impl Desk {
    fn identity(&self) -> Option<&String> {
        self.name.0.as_ref()
    }

    #[message]
    fn say(&mut self, say: Say) -> Success<usize> {
        Success(say.text.len())
    }

    #[message]
    fn poison(&mut self, _: Poison) {}

    #[message(rate = "2/min")]
    fn shout(&mut self, _: Shout) {}

    #[message(type = "wave", rate = "3/h", per = "user")]
    fn wave(&mut self) {}

    /// Has no rate.
    #[message(type = "nod")]
    fn nod(&mut self) {}
}

struct Test {
    app: TestApp<()>,
    hub: Hub<Desk>,
}

impl Test {
    fn new(config: Config) -> Self {
        let channels = channels![Desk];
        let hub = channels.of::<Desk>();
        Self { app: testing::app(channels.app(()).config(config)), hub }
    }

    async fn client(&self, path: &str) -> Client<Desk> {
        self.app.connect::<Desk>(path).await.unwrap()
    }
}

fn say() -> Say {
    Say { text: "hello".into() }
}

/// After how many milliseconds a refused message may come again.
fn retry_after(fault: &Fault) -> u64 {
    fault.details["retry_after_ms"].as_u64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_type_s_burst_passes_and_then_what_its_rate_lets_pass() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    for _ in 0..10 {
        assert_eq!(client.request(say()).success().await, 5);
    }
    let fault = client.request(say()).error(Fault::RATE_LIMITED).await;
    assert_eq!((retry_after(&fault), fault.message.as_str()), (200, "too many messages"));
    assert_eq!(test.client("/desk").await.request(say()).success().await, 5);
    client.request(DeskFromClient::Nod).success().await;
    advance(Duration::from_millis(199)).await;
    assert_eq!(retry_after(&client.request(say()).error(Fault::RATE_LIMITED).await), 1);
    advance(Duration::from_millis(1)).await;
    assert_eq!(client.request(say()).success().await, 5);
    client.request(say()).error(Fault::RATE_LIMITED).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_answered_with_its_ref_and_once_where_it_has_none() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    for _ in 0..6 {
        client.send(DeskFromClient::Wave);
    }
    client.expect_error(Fault::RATE_LIMITED).await;
    client.expect_nothing().await;
    client.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    client.send_text(r#"{"x":[{"ref":1}],"type":"wave","y":{},"ref":"mine"}"#);
    let answer = client.expect_text().await;
    assert!(answer.starts_with(r#"{"type":"error","ref":"mine","code":"rate_limited","#), "{answer}");
    client.send_text(r#"{"type":"wave","ref":{}}"#);
    client.expect_nothing().await;
    advance(Duration::from_secs(20 * 60)).await;
    client.send(DeskFromClient::Wave);
    client.expect_nothing().await;
    client.send(DeskFromClient::Wave);
    client.expect_error(Fault::RATE_LIMITED).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_read() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    for place in [
        "{\"type\":\"poison\",\"_nth\":1}",
        "{\"_nth\":2,\"type\":\"poison\"}",
        "{\"type\":\"p\\u006fison\",\"_nth\":2}",
    ] {
        client.send_text(place);
    }
    client.expect_error(Fault::RATE_LIMITED).await;
    client.expect_nothing().await;
    assert_eq!(test.hub.ended(ClosedBy::Panic), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_counts_too() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    for _ in 0..10 {
        client.send_text(r#"{"type":"say","text":7}"#);
        client.expect_error(Fault::INVALID_PAYLOAD).await;
    }
    client.request(say()).error(Fault::RATE_LIMITED).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_s_rate_stands_for_that_of_its_message() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    client.request(Shout {}).success().await;
    client.request(Shout {}).success().await;
    assert_eq!(retry_after(&client.request(Shout {}).error(Fault::RATE_LIMITED).await), 30_000);
}

#[tokio::test(start_paused = true)]
async fn a_user_s_connections_share_a_rate_that_outlives_them() {
    let test = Test::new(Config::default());
    let (mut phone, mut tablet) = (test.client("/desk?name=ann").await, test.client("/desk?name=ann").await);
    phone.request(DeskFromClient::Wave).success().await;
    tablet.request(DeskFromClient::Wave).success().await;
    phone.request(DeskFromClient::Wave).success().await;
    tablet.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    drop((phone, tablet));
    test.app.settle().await;
    let mut again = test.client("/desk?name=ann").await;
    again.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    for path in ["/desk?name=bob", "/desk", "/desk"] {
        let mut other = test.client(path).await;
        for _ in 0..3 {
            other.request(DeskFromClient::Wave).success().await;
        }
        other.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_s_frames_are_counted_over_all_connections() {
    let config = Config::default().message_rate_per_user(Rate::new(4, Duration::from_secs(3600)));
    let test = Test::new(config);
    let (mut phone, mut tablet) = (test.client("/desk?name=ann").await, test.client("/desk?name=ann").await);
    for _ in 0..2 {
        phone.request(DeskFromClient::Nod).success().await;
        tablet.ping("");
        tablet.expect_pong().await;
    }
    phone.request(DeskFromClient::Nod).error(Fault::RATE_LIMITED).await;
    tablet.ping("");
    tablet.request(DeskFromClient::Nod).error(Fault::RATE_LIMITED).await;
    tablet.expect_nothing().await;
    for path in ["/desk?name=bob", "/desk"] {
        let mut other = test.client(path).await;
        for _ in 0..4 {
            other.request(DeskFromClient::Nod).success().await;
        }
        other.request(DeskFromClient::Nod).error(Fault::RATE_LIMITED).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_refused_as_often_as_it_may_speak_is_closed_with_1008() {
    let test = Test::new(Config::default());
    let mut client = test.client("/desk").await;
    for _ in 0..3 {
        client.request(DeskFromClient::Wave).success().await;
    }
    for _ in 0..10 {
        client.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    }
    assert_eq!(test.hub.ended(ClosedBy::RateLimited), 0);
    client.request(DeskFromClient::Wave).error(Fault::RATE_LIMITED).await;
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, "too many messages".into()));
    assert_eq!(test.hub.ended(ClosedBy::RateLimited), 1);
}

#[tokio::test(start_paused = true)]
async fn at_twice_its_rate_a_client_is_served_half_and_stays() {
    let rate = Rate::new(100, Duration::from_secs(1));
    let test = Test::new(Config::default().message_rate(rate));
    let mut client = test.client("/desk").await;
    let mut answers = BTreeMap::new();
    for _ in 0..100 {
        advance(Duration::from_millis(100)).await;
        for _ in 0..20 {
            client.send_text(r#"{"type":"nod","ref":1}"#);
        }
        while let Some(answer) = client.try_next_text().await {
            *answers.entry(answer.contains("success")).or_insert(0) += 1;
        }
    }
    // A second's worth at once, and a tenth of a second's a hundred times.
    let (served, refused) = (answers[&true], answers[&false]);
    assert!((1000..=1150).contains(&served) && served + refused == 2000, "{answers:?}");
    assert_eq!(test.hub.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_rate_holds_where_it_is_off() {
    let test = Test::new(Config::default().message_rate(None));
    let mut client = test.client("/desk").await;
    for _ in 0..50 {
        for _ in 0..1000 {
            client.send(DeskFromClient::Nod);
        }
        client.expect_nothing().await;
    }
    client.request(DeskFromClient::Nod).success().await;
}

/// A second's worth of frames, and no more for an hour.
fn hourly() -> Config {
    Config::default().message_rate(Rate::new(40, Duration::from_secs(3600)))
}

/// Floods a connection with this; what it is told before it is closed, in order and how often in a row.
async fn flood(frame: &[u8]) -> Vec<(String, usize)> {
    let mut fixture = Fixture::with(hourly()).await;
    let (mut raw, mut witness) = (fixture.raw("r").await, fixture.raw("r").await);
    raw.write_if_open(frame.repeat(500)).await;
    let mut told: Vec<(String, usize)> = Vec::new();
    let close = loop {
        let frame = raw.frame().await.expect("a close");
        match frame.first {
            0x88 => break frame,
            0x8A => count(&mut told, "pong"),
            _ => {
                let fault: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
                count(&mut told, fault["code"].as_str().unwrap_or("no error"));
            }
        }
    };
    assert_eq!(close, Frame::close(1008, "too many messages"));
    assert_eq!(fixture.end().await.close.by, ClosedBy::RateLimited);
    assert_eq!(fixture.hub.ended(ClosedBy::RateLimited), 1);
    witness.write(text(&echo("still here"))).await;
    witness.expect(Frame::text(&echo("still here"))).await;
    fixture.finish((raw, witness)).await;
    told
}

fn count(told: &mut Vec<(String, usize)>, what: &str) {
    match told.last_mut() {
        Some((last, times)) if last == what => *times += 1,
        _ => told.push((what.into(), 1)),
    }
}

/// As many as the rate lets pass, and a quarter more at the most; then one refusal at the most, before some of them or after.
#[track_caller]
fn assert_bounded(told: &[(String, usize)], what: &str) {
    let times = |what: &str| told.iter().filter(|told| told.0 == what).map(|told| told.1).sum::<usize>();
    assert!(times(what) <= 50 && times(Fault::RATE_LIMITED) <= 1, "{told:?}");
    assert_eq!(times(what) + times(Fault::RATE_LIMITED), told.iter().map(|told| told.1).sum::<usize>(), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_answered_with_its_ref_though_it_be_no_message() {
    let test = Test::new(hourly());
    let mut client = test.client("/desk").await;
    let mut refused = 0;
    for _ in 0..60 {
        client.send_text(r#"{"ref":7}"#);
        let answer = client.expect_text().await;
        assert!(answer.starts_with(r#"{"type":"error","ref":7,"#), "{answer}");
        refused += usize::from(answer.contains(Fault::RATE_LIMITED));
    }
    assert!((10..=20).contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_flood_of_pings_ends_the_connection() {
    assert_bounded(&flood(&masked(0x89, "x")).await, "pong");
}

#[tokio::test]
async fn a_flood_of_pongs_ends_the_connection() {
    assert_bounded(&flood(&masked(0x8A, "x")).await, "");
}

#[tokio::test]
async fn a_flood_of_empty_frames_ends_the_connection() {
    assert_bounded(&flood(&masked(0x81, "")).await, Fault::MALFORMED);
}

#[tokio::test]
async fn a_flood_of_tiny_fragments_ends_the_connection() {
    let mut fixture = Fixture::with(hourly()).await;
    let mut raw = fixture.raw("r").await;
    raw.write_if_open([masked(0x01, "x"), masked(0x00, "").repeat(500)].concat()).await;
    raw.expect_close(1008, "too many messages").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::RateLimited);
    fixture.finish(raw).await;
    let whole = [masked(0x01, "{"), masked(0x00, ""), masked(0x80, "}")].concat();
    assert_bounded(&flood(&whole).await, Fault::MALFORMED);
}

#[tokio::test]
async fn a_flood_of_unknown_types_ends_the_connection() {
    assert_bounded(&flood(&text(&bare("nothing"))).await, Fault::UNKNOWN_TYPE);
}

#[tokio::test]
async fn a_flood_of_what_is_no_json_ends_the_connection() {
    assert_bounded(&flood(&text("{\"type\":")).await, Fault::MALFORMED);
}

/// A client can't know which of them was lost, and would go on as if none was.
#[tokio::test(start_paused = true)]
async fn the_first_binary_message_that_would_be_lost_closes_the_connection_and_says_why() {
    let test = Test::new(hourly());
    let mut client = test.client("/desk").await;
    // In one read: what passes, a text that is told as ever, and the first that would be lost.
    let mut frames = masked(0x82, "x").repeat(40);
    frames.extend(text(r#"{"type":"nod","ref":1}"#));
    frames.extend(masked(0x82, "lost").repeat(2));
    frames.extend(text(r#"{"type":"nod","ref":2}"#));
    client.send_raw(&frames);
    let told = client.expect_text().await;
    assert!(told.starts_with(r#"{"type":"error","ref":1,"code":"rate_limited""#), "{told}");
    let reason = "too many messages: a binary message was refused";
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, reason.into()));
    assert_eq!(test.hub.ended(ClosedBy::RateLimited), 1);

    let mut fixture = Fixture::with(hourly()).await;
    let mut raw = fixture.raw("r").await;
    raw.write_if_open(masked(0x82, "x").repeat(51)).await;
    while raw.frame().await.expect("a close") != Frame::close(1008, reason) {}
    assert_eq!(fixture.end().await.close.by, ClosedBy::RateLimited);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_flood_behind_a_handler_that_waits_ends_the_connection_when_it_returns() {
    let mut fixture = Fixture::with(hourly()).await;
    let mut raw = fixture.raw("r").await;
    raw.write(text(&bare("wait_for_the_end"))).await;
    fixture.expect_told("waits").await;
    raw.write_if_open(masked(0x89, "x").repeat(500)).await;
    fixture.expect_told("told of the end").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::RateLimited);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_flood_in_small_writes_is_no_different() {
    let mut fixture = Fixture::with(hourly()).await;
    let mut raw = fixture.raw("r").await;
    let mut answered = 0;
    for _ in 0..500 {
        raw.write(masked(0x89, "x")).await;
        raw.write(text(&bare("nothing"))).await;
        match next_but_pongs(&mut raw).await {
            Frame { first: 0x81, payload } if payload.windows(12).any(|it| it == b"unknown_type") => answered += 1,
            frame => {
                assert!(String::from_utf8_lossy(&frame.payload).contains(Fault::RATE_LIMITED), "{frame:?}");
                break;
            }
        }
    }
    // Two frames each; those before the first look at the clock are free.
    assert!((20..=25).contains(&answered), "{answered}");
    raw.write_if_open(text(&bare("nothing")).repeat(40)).await;
    while raw.frame().await.expect("a close").first != 0x88 {}
    assert_eq!(fixture.end().await.close.by, ClosedBy::RateLimited);
    fixture.finish(raw).await;
}

async fn next_but_pongs(raw: &mut Raw) -> Frame {
    loop {
        let frame = raw.frame().await.unwrap();
        if frame.first != 0x8A {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_client_that_floods_may_still_leave_in_order() {
    let mut fixture = Fixture::with(hourly()).await;
    let mut raw = fixture.raw("r").await;
    raw.write([masked(0x8A, "x").repeat(60), support::close(1000, "")].concat()).await;
    raw.expect_close(1000, "").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Client);
    fixture.finish(raw).await;
}

#[test]
fn the_defaults_are_those_of_the_docs() {
    let config = Config::default();
    assert_eq!(config.message_rate, Some(Rate::new(1000, Duration::from_secs(1)).burst(10_000)));
    assert_eq!(config.message_rate_per_user, None);
}

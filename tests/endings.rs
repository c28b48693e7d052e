//! How connections end: who is told what, that everybody else goes on, and that `on_close` runs exactly once.

mod support;

use std::time::Duration;

use bytes::Bytes;
use channel_runtime::{CloseCode, ClosedBy, Config};
use support::memory::serve;
use support::wire::{Fixture, Wire, bare, close_me, echo, greeted, say, unserved};
use support::{Frame, Raw, close, head, masked, text, upgrade, within};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn a_clients_close_is_echoed_and_told() {
    let mut fixture = Fixture::new().await;
    let cases = [(1000, ""), (1001, "the page is left"), (3000, "x"), (4999, "é")];
    for (code, reason) in cases {
        let mut raw = fixture.raw("r").await;
        raw.write([text(&echo("before")), close(code, reason), text(&echo("after"))].concat()).await;
        raw.expect(Frame::text(&echo("before"))).await;
        raw.expect_close(code, "").await;
        let end = fixture.end().await;
        assert_eq!((end.close.by, end.close.reason.as_str()), (ClosedBy::Client, reason));
        assert_eq!(end.close.code.map(u16::from), Some(code));
        assert_eq!(end.left, 0);
    }
    let mut raw = fixture.raw("r").await;
    raw.write(masked(0x88, "")).await;
    raw.expect_close(1000, "").await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code), (ClosedBy::Client, None));
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_handlers_close_comes_after_what_it_sent_and_nothing_after_it() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    raw.write([text(&close_me(4404, "no such game")), text(&echo("too late"))].concat()).await;
    raw.expect(Frame::text(&echo("before the close"))).await;
    raw.expect_close(4404, "no such game").await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code), (ClosedBy::Server, Some(CloseCode::NOT_FOUND)));
    assert_eq!(end.close.reason, "no such game");
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_hub_disconnects_whom_it_names_after_what_it_sent() {
    let mut fixture = Fixture::new().await;
    let (mut one, id) = fixture.raw_with_id("r").await;
    let (mut two, _) = fixture.raw_with_id("r").await;
    let hub = fixture.hub.clone();
    let room = Wire::room("r");
    for n in 0..100 {
        hub.room(&room).send_bytes(Bytes::copy_from_slice(&[n]));
    }
    assert_eq!(hub.connection(id).disconnect(CloseCode::TOO_MANY, "too much"), 1);
    assert_eq!(hub.connection(id).disconnect(CloseCode::NORMAL, "the second close says nothing"), 0);
    for n in 0..100 {
        one.expect(Frame::binary(&[n])).await;
    }
    one.expect_close(4429, "too much").await;
    assert_eq!(fixture.end().await.left, 1);
    assert_eq!(hub.room(&room).disconnect(CloseCode::RESTART, ""), 1);
    for n in 0..100 {
        two.expect(Frame::binary(&[n])).await;
    }
    two.expect_close(1012, "").await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code, end.left), (ClosedBy::Server, Some(CloseCode::RESTART), 0));
    fixture.finish((one, two)).await;
}

#[tokio::test]
async fn a_client_that_vanishes_is_lost_and_in_no_room() {
    let mut fixture = Fixture::new().await;
    let room = Wire::room("r");
    let vanish: [fn(Raw); 2] = [drop, Raw::reset];
    for vanish in vanish {
        let stays = fixture.raw("r").await;
        let (leaves, id) = fixture.raw_with_id("r").await;
        assert_eq!(fixture.hub.room(&room).len(), 2);
        vanish(leaves);
        let end = fixture.end().await;
        assert_eq!((end.close.by, end.close.code, end.left), (ClosedBy::Lost, None, 1));
        assert!(fixture.hub.connection(id).is_empty());
        vanish(stays);
        assert_eq!(fixture.end().await.left, 0);
        assert_eq!((fixture.hub.room(&room).len(), fixture.hub.all().len()), (0, 0));
    }
    fixture.finish(()).await;
}

#[tokio::test]
async fn a_client_that_vanishes_within_a_message_is_lost() {
    let mut fixture = Fixture::new().await;
    for beginning in [vec![0x81], head(0x81, 10), masked(0x01, "a piece"), masked(0x89, "ping")[..7].to_vec()] {
        let mut raw = fixture.raw("r").await;
        raw.write(beginning).await;
        drop(raw);
        assert_eq!(fixture.end().await.close.by, ClosedBy::Lost);
    }
    fixture.finish(()).await;
}

#[tokio::test]
async fn a_client_that_ends_its_half_still_gets_its_answers() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    let said: Vec<u8> = (0..50).flat_map(|n| text(&echo(&n.to_string()))).collect();
    // The handler waits until it is told that the client has ended its half, so that all answers come after that.
    raw.write([text(&bare("wait_for_the_end")), said].concat()).await;
    fixture.expect_told("waits").await;
    raw.shutdown().await;
    fixture.expect_told("told of the end").await;
    raw.expect(Frame::text(&echo("waited for the end"))).await;
    for n in 0..50 {
        raw.expect(Frame::text(&echo(&n.to_string()))).await;
    }
    raw.expect_end().await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code, end.left), (ClosedBy::Lost, None, 0));
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_handler_is_told_when_its_client_goes() {
    let mut fixture = Fixture::new().await;
    let ways: [(fn(Raw), ClosedBy); 2] = [(drop, ClosedBy::Lost), (Raw::reset, ClosedBy::Lost)];
    for (go, by) in ways {
        let mut raw = fixture.raw("r").await;
        raw.write(text(&bare("wait_for_the_end"))).await;
        fixture.expect_told("waits").await;
        go(raw);
        fixture.expect_told("told of the end").await;
        assert_eq!(fixture.end().await.close.by, by);
    }
    for (farewell, by) in [(close(1000, ""), ClosedBy::Client), (masked(0xFF, ""), ClosedBy::Violation)] {
        let mut raw = fixture.raw("r").await;
        raw.write(text(&bare("wait_for_the_end"))).await;
        fixture.expect_told("waits").await;
        raw.write(farewell).await;
        fixture.expect_told("told of the end").await;
        raw.expect(Frame::text(&echo("waited for the end"))).await;
        assert_eq!(raw.frame().await.unwrap().first, 0x88);
        assert_eq!(fixture.end().await.close.by, by);
    }
    let (mut raw, id) = fixture.raw_with_id("r").await;
    raw.write(text(&bare("wait_for_the_end"))).await;
    fixture.expect_told("waits").await;
    fixture.hub.connection(id).disconnect(CloseCode::POLICY, "out");
    fixture.expect_told("told of the end").await;
    raw.expect_close(1008, "out").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Server);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_panic_costs_its_own_connection_and_nobody_else() {
    let mut fixture = Fixture::new().await;
    let mut neighbour = fixture.raw("r").await;
    for (at, says) in [bare("panic"), r#"{"type":"poison","never":0}"#.into()].into_iter().enumerate() {
        let mut raw = fixture.raw("r").await;
        raw.write([text(&echo("before")), text(&says), text(&echo("after"))].concat()).await;
        raw.expect(Frame::text(&echo("before"))).await;
        raw.expect_close_for_a_failure().await;
        let end = fixture.end().await;
        assert_eq!((end.close.by, end.close.code), (ClosedBy::Panic, Some(CloseCode::INTERNAL)), "{says}");
        assert_eq!(end.left, 1);
        neighbour.write(text(&say(&at.to_string()))).await;
        neighbour.expect(Frame::text(&say(&at.to_string()))).await;
    }
    fixture.finish(neighbour).await;
}

#[tokio::test]
async fn a_message_that_makes_its_handler_panic_is_answered_first() {
    let mut fixture = Fixture::new().await;
    for reference in [r#""a""#, "7"] {
        let mut raw = fixture.raw("r").await;
        raw.write(text(&format!(r#"{{"type":"panic","ref":{reference}}}"#))).await;
        let answer = raw.frame().await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&"error".into(), &"internal".into()));
        assert_eq!(answer["ref"].to_string(), reference);
        raw.expect_close_for_a_failure().await;
        assert_eq!(fixture.end().await.close.by, ClosedBy::Panic);
    }
    fixture.finish(()).await;
}

#[tokio::test]
async fn a_panic_in_on_close_leaves_nothing_behind() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("panics_on_close").await;
    raw.write(close(1000, "")).await;
    raw.expect_close(1000, "").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Client);
    assert_eq!(fixture.hub.all().len(), 0);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_client_that_vanishes_during_on_connect_ends_after_it() {
    let mut fixture = Fixture::new().await;
    let raw = fixture.server.raw("/wire/slow_to_connect").await;
    fixture.expect_told("on_connect waits").await;
    drop(raw);
    fixture.open_gate();
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.left), (ClosedBy::Lost, 0));
    fixture.finish(()).await;
}

#[tokio::test]
async fn on_connect_can_wait_for_its_client_while_others_talk() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.server.raw("/wire/slow_to_connect").await;
    fixture.expect_told("on_connect waits").await;
    fixture.hub.room(&Wire::room("slow_to_connect")).send_bytes(Bytes::from_static(b"others"));
    fixture.open_gate();
    greeted(&mut raw).await;
    raw.expect(Frame::binary(b"others")).await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_slow_client_is_cut_and_costs_the_others_nothing() {
    const SIZE: usize = 16 * 1024;
    let config = Config::default().outbox_bytes(4 * SIZE).close_timeout(support::PATIENCE);
    let mut fixture = Fixture::with(config).await;
    let mut reader = fixture.raw("r").await;
    let mut slow = fixture.server.connect_with_small_window().await;
    slow.upgrade("/wire/r").await;
    let slow_id = greeted(&mut slow).await;

    let room = Wire::room("r");
    let piece = |n: u32| Bytes::from(n.to_be_bytes().repeat(SIZE / 4));
    let mut sent = 0;
    let refused = loop {
        let answer = fixture.hub.room(&room).send_bytes(piece(sent));
        assert_eq!(answer.recipients, 2);
        reader.expect(Frame::binary(&piece(sent))).await;
        if !answer.is_complete() {
            break answer.refused;
        }
        sent += 1;
        assert!(sent < 10_000, "nobody is cut");
    };
    assert_eq!(refused, 1);
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code), (ClosedBy::SlowClient, Some(CloseCode::TRY_AGAIN)));
    assert_eq!((fixture.hub.ended(ClosedBy::SlowClient), fixture.hub.ended(ClosedBy::Client)), (1, 0));
    assert_eq!(end.left, 1);
    assert!(fixture.hub.connection(slow_id).is_empty());
    for n in 0..20 {
        assert_eq!(fixture.hub.room(&room).send_bytes(piece(n)).recipients, 1);
        reader.expect(Frame::binary(&piece(n))).await;
    }

    // Once it reads, it finds whole messages in their order, and then why they end.
    let mut got = 0;
    let last = loop {
        match slow.frame().await.unwrap() {
            frame if frame.first == 0x82 => assert_eq!(frame, Frame::binary(&piece(got))),
            frame => break frame,
        }
        got += 1;
    };
    assert!(got < sent);
    assert_eq!(last, Frame::close(1013, "too slow: too much was waiting for this client"));
    slow.expect_end().await;
    fixture.finish((reader, slow)).await;
}

#[tokio::test]
async fn a_close_reaches_a_client_that_is_still_sending() {
    const SIZE: usize = 4 << 20;
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    // Refused at its header. A server that left the rest unread would reset the stream, and the Close would be lost.
    raw.write(masked(0x82, vec![0; SIZE])).await;
    raw.expect_close(1009, "message over the size limit").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Violation);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_half_is_cut() {
    let config = Config::default().close_timeout(Duration::from_millis(10));
    let mut fixture = Fixture::with(config).await;
    // It neither answers the Close nor ends its half: the server goes its way all the same.
    let (mut raw, id) = fixture.raw_with_id("r").await;
    fixture.hub.connection(id).disconnect(CloseCode::NORMAL, "");
    raw.expect_close(1000, "").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Server);
    within(fixture.begin_to_stop()).await.unwrap();
    drop(raw);
}

/// A client for which 200 kB wait when it is sent away, and who takes so much of it at a time and then rests for so long. How long
/// it keeps its place, and how many bytes it has had.
async fn kept_by(bytes: usize, rest: Duration) -> (Duration, usize) {
    let (server, mut parts) = unserved(Config::default().ping_interval(None));
    let served = serve(server);
    let mut client = served.connect(256);
    client.write(upgrade("/wire/r")).await;
    assert_eq!(client.head().await, Some((101, 0)));
    while parts.hub.all().is_empty() {
        tokio::task::yield_now().await;
    }
    for n in 0..200 {
        parts.hub.all().send_bytes(Bytes::from(vec![n; 1000]));
    }
    let begun = Instant::now();
    parts.hub.all().disconnect(CloseCode::POLICY, "out");
    assert_eq!(parts.ends.recv().await.unwrap().close.by, ClosedBy::Server);
    let (mut had, mut piece) = (0, vec![0; bytes]);
    loop {
        let mut read = 0;
        while read < bytes {
            match client.0.read(&mut piece[read..]).await.unwrap() {
                0 => return (begun.elapsed(), had),
                more => (read, had) = (read + more, had + more),
            }
        }
        sleep(rest).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_sent_away_keeps_no_place_by_reading_now_and_then() {
    // Two seconds, and a second for each 16 KiB; it sees that when it reads what was on its way.
    let (kept, had) = kept_by(200, Duration::from_millis(1900)).await;
    assert!(kept >= Duration::from_secs(13) && kept < Duration::from_secs(19), "{kept:?}");
    assert!(had < 10_000, "{had}");
    let (_, had) = kept_by(16 * 1024, Duration::from_secs(1)).await;
    assert!(had > 200 * 1004, "{had}");
}

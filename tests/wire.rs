//! What travels on the wire, from a foreign client and from one that does as it likes. What single frames say and may
//! not say is `conformance.rs`'s.

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use bytes::Bytes;
use channel_runtime::{CloseCode, ClosedBy, Config};
use futures::{SinkExt, StreamExt};
use support::wire::{Fixture, bare, echo, greeted, say};
use support::{Frame, head, masked, text, upgrade, within};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode as ForeignCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame as ForeignFrame};

#[tokio::test]
async fn a_foreign_client_sends_and_receives_text_and_binary() {
    let mut fixture = Fixture::new().await;
    let mut client = fixture.server.client("/wire/foreign").await;
    within(client.next()).await.unwrap().unwrap();
    for len in [0, 1, 125, 126, 65_000] {
        let said = Message::text(echo(&"é".repeat(len / 2)));
        client.send(said.clone()).await.unwrap();
        assert_eq!(within(client.next()).await.unwrap().unwrap(), said);
        let data = Message::binary(vec![0xFF; len]);
        client.send(data.clone()).await.unwrap();
        assert_eq!(within(client.next()).await.unwrap().unwrap(), data);
    }
    client.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(within(client.next()).await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    let frame = CloseFrame { code: ForeignCode::Library(4321), reason: "enough".into() };
    client.close(Some(frame)).await.unwrap();
    let answered = within(client.next()).await.unwrap().unwrap();
    assert!(matches!(answered, Message::Close(Some(frame)) if frame.code == ForeignCode::Library(4321)));
    assert!(within(client.next()).await.is_none());
    let end = fixture.end().await;
    assert_eq!(end.close.by, ClosedBy::Client);
    assert_eq!(end.close.code.map(u16::from), Some(4321));
    assert_eq!(end.close.reason, "enough");
    fixture.finish(client).await;
}

#[tokio::test]
async fn a_foreign_client_may_send_fragments_with_control_frames_between_them() {
    let fixture = Fixture::new().await;
    let mut client = fixture.server.client("/wire/foreign").await;
    within(client.next()).await.unwrap().unwrap();
    let whole = echo("in three pieces, one of which cuts the é");
    let cut = whole.find('é').unwrap() + 1;
    let pieces = [&whole.as_bytes()[..9], &whole.as_bytes()[9..cut], &whole.as_bytes()[cut..]];
    for (at, piece) in pieces.into_iter().enumerate() {
        let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        let frame = ForeignFrame::message(piece.to_vec(), opcode, at == 2);
        client.send(Message::Frame(frame)).await.unwrap();
        if at < 2 {
            // Answered before the message it interrupts is complete.
            let ping = Bytes::copy_from_slice(&[at as u8; 125]);
            client.send(Message::Ping(ping.clone())).await.unwrap();
            assert_eq!(within(client.next()).await.unwrap().unwrap(), Message::Pong(ping));
        }
    }
    assert_eq!(within(client.next()).await.unwrap().unwrap(), Message::text(whole));
    fixture.finish(client).await;
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload_while_a_handler_waits() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    raw.write(text(&bare("wait"))).await;
    fixture.expect_told("waits").await;
    raw.write([text(&echo("behind it")), masked(0x89, "still there?")].concat()).await;
    raw.expect(Frame::pong(b"still there?")).await;
    raw.write(masked(0x89, [0xC0; 125])).await;
    raw.expect(Frame::pong(&[0xC0; 125])).await;
    fixture.open_gate();
    raw.expect(Frame::text(&echo("waited"))).await;
    raw.expect(Frame::text(&echo("behind it"))).await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_read() {
    let fixture = Fixture::new().await;
    let mut raw = fixture.server.connect().await;
    let behind = text(&echo("in one segment"));
    // Its second half follows later: what came early is the beginning of a frame.
    let (early, late) = behind.split_at(behind.len() / 2);
    raw.write([upgrade("/wire/r").as_bytes(), &text(&echo("early")), early].concat()).await;
    assert_eq!(raw.response().await.status, 101);
    greeted(&mut raw).await;
    raw.expect(Frame::text(&echo("early"))).await;
    raw.write(late).await;
    raw.expect(Frame::text(&echo("in one segment"))).await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_violation_that_comes_with_the_handshake_is_one() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.server.connect().await;
    raw.write([upgrade("/wire/r").as_bytes(), b"\x81\x01a"].concat()).await;
    assert_eq!(raw.response().await.status, 101);
    greeted(&mut raw).await;
    raw.expect_close(1002, "frame of a client is not masked").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Violation);
    fixture.finish(raw).await;
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let fixture = Fixture::new().await;
    let mut raw = fixture.server.connect().await;
    let cut = echo("é");
    let (first, second) = cut.as_bytes().split_at(cut.find('é').unwrap() + 1);
    let fragments = [masked(0x01, first), masked(0x80, second)].concat();
    let all = [upgrade("/wire/r").as_bytes(), &text(&echo("slowly")), &masked(0x82, [7; 200]), &fragments].concat();
    for byte in all {
        raw.write([byte]).await;
        // Lets the server read: where it can, each byte is a read of its own.
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.response().await.status, 101);
    greeted(&mut raw).await;
    raw.expect(Frame::text(&echo("slowly"))).await;
    raw.expect(Frame::binary(&[7; 200])).await;
    raw.expect(Frame::text(&echo("é"))).await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn messages_of_one_segment_are_answered_in_their_order() {
    let fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    let segment: Vec<u8> =
        (0..500).flat_map(|n| text(&if n % 2 == 0 { echo(&n.to_string()) } else { say(&n.to_string()) })).collect();
    raw.write(segment).await;
    for n in 0..500 {
        let n = n.to_string();
        raw.expect(Frame::text(&if n.ends_with(['0', '2', '4', '6', '8']) { echo(&n) } else { say(&n) })).await;
    }
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_client_that_never_stops_talking_leaves_others_their_turn() {
    const TICKS: usize = 20_000;
    let fixture = Fixture::with(Config::default().message_rate(None)).await;
    let mut raw = fixture.raw("r").await;
    let flood = text(&bare("tick")).repeat(TICKS);
    let flooding = tokio::spawn(async move {
        raw.write(flood).await;
        raw
    });
    // All tasks of this test share one thread and have their turns one after another: this one sees how much the others
    // do between two turns of its own.
    let app = Arc::clone(&fixture.app);
    let (mut before, mut most) = (0, 0);
    let watching = tokio::spawn(poll_fn(move |cx| {
        let ticks = app.ticks.load(Ordering::Relaxed);
        most = most.max(ticks - before);
        before = ticks;
        if ticks == TICKS {
            return Poll::Ready(most);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    let most = within(watching).await.unwrap();
    assert!(most <= 64, "{most} messages in one turn");
    let raw = flooding.await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_frame_over_its_own_limit_is_closed_with_1009_and_control_frames_are_not_meant() {
    let fixture = Fixture::with(Config::default().message_bytes(1000).frame_bytes(100)).await;
    let mut raw = fixture.raw("r").await;
    raw.write([masked(0x02, vec![1; 100]), masked(0x89, vec![2; 125]), masked(0x80, vec![1; 100])].concat()).await;
    raw.expect(Frame::pong(&[2; 125])).await;
    raw.expect(Frame::binary(&[1; 200])).await;
    raw.write([masked(0x02, vec![1; 100]), head(0x80, 101)].concat()).await;
    raw.expect_close(1009, "frame over the size limit").await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_closed_with_1009_before_its_bytes_come() {
    let limit = 1000;
    let mut fixture = Fixture::with(Config::default().message_bytes(limit).message_fragments(3)).await;
    let fragments = |len| [masked(0x02, vec![1; 600]), masked(0x89, ""), head(0x00, len)].concat();
    let too_long = "message over the size limit";
    let cases = [
        (too_long, head(0x81, limit + 1)),
        (too_long, head(0x82, 1 << 40)),
        (too_long, fragments(401)),
        ("message in too many fragments", [masked(0x02, ""), masked(0, ""), masked(0, ""), masked(0, "")].concat()),
    ];
    for (reason, bytes) in cases {
        let mut raw = fixture.raw("r").await;
        let pings = bytes.windows(2).filter(|bytes| bytes == b"\x89\x80").count();
        raw.write(bytes).await;
        for _ in 0..pings {
            raw.expect(Frame::pong(b"")).await;
        }
        raw.expect_close(1009, reason).await;
        let end = fixture.end().await;
        assert_eq!((end.close.by, end.close.code), (ClosedBy::Violation, Some(CloseCode::TOO_BIG)), "{reason}");
    }
    let mut raw = fixture.raw("r").await;
    raw.write([masked(0x82, vec![1; limit]), masked(0x02, vec![1; 600]), masked(0x80, vec![1; 400])].concat()).await;
    raw.expect(Frame::binary(&vec![1; limit])).await;
    raw.expect(Frame::binary(&vec![1; limit])).await;
    fixture.finish(raw).await;
}

//! The example `whiteboard`: lines in binary messages, a picture for newcomers, and everybody's pens.

use channel_runtime::testing::{self, Client, TestApp};
use whiteboard::{BoardChannel, Draw, Drawn, Line, Pen, PenOf, People, Picture, Point, Wipe};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/whiteboard.rs"]
mod whiteboard;

fn app() -> TestApp<()> {
    testing::app(whiteboard::server())
}

/// A client that has received how many there are now, as the others have.
async fn join(
    app: &TestApp<()>,
    board: &str,
    others: &mut [&mut Client<BoardChannel>],
) -> (Client<BoardChannel>, Vec<Line>) {
    let mut client: Client<BoardChannel> = app.connect(&format!("/board/{board}")).await.expect("anybody may");
    let Picture(lines) = client.expect().await;
    let count = others.len() + 1;
    assert_eq!(client.expect::<People>().await, People { count });
    for other in others {
        assert_eq!(other.expect::<People>().await, People { count });
    }
    (client, lines)
}

fn line(color: u8, points: impl IntoIterator<Item = (u16, u16)>) -> Line {
    Line { color, width: 9, points: points.into_iter().map(|(x, y)| Point { x, y }).collect() }
}

#[tokio::test]
async fn lines_reach_the_others_and_a_newcomer_receives_the_picture() {
    let app = app();
    let (mut ann, nothing) = join(&app, "plans", &mut []).await;
    assert_eq!(nothing, []);
    let (mut bob, _) = join(&app, "plans", &mut [&mut ann]).await;
    let (mut elsewhere, _) = join(&app, "other", &mut []).await;
    let (first, second) = (line(1, [(0, 0), (16_000, 10_000)]), line(0, [(5, 6)]));
    ann.send(Draw(first.clone()));
    assert_eq!(bob.expect::<Draw>().await, Draw(first.clone()));
    assert_eq!(ann.expect::<Drawn>().await, Drawn);
    bob.send(Draw(second.clone()));
    assert_eq!(ann.expect::<Draw>().await, Draw(second.clone()));
    assert_eq!(bob.expect::<Drawn>().await, Drawn);

    let (cat, picture) = join(&app, "plans", &mut [&mut ann, &mut bob]).await;
    assert_eq!(picture, [first, second]);
    for client in [&mut ann, &mut bob, &mut elsewhere] {
        client.expect_nothing().await;
    }
    ann.send(Wipe);
    for mut client in [ann, bob, cat] {
        assert_eq!(client.expect::<Wipe>().await, Wipe);
    }
    app.settle().await;
    let (_, picture) = join(&app, "plans", &mut []).await;
    assert_eq!(picture, []);
}

/// What the page writes and reads by hand.
#[tokio::test]
async fn messages_are_these_bytes() {
    let app = app();
    let (mut ann, _) = join(&app, "plans", &mut []).await;
    let (mut bob, _) = join(&app, "plans", &mut [&mut ann]).await;
    let draw = [1, 2, 40, 2, 0, 1, 0, 0x34, 0x12, 0x80, 0x3e, 0x10, 0x27];
    ann.binary(draw);
    assert_eq!(bob.expect_binary().await[..], draw);
    assert_eq!(ann.expect_binary().await[..], [6]);
    ann.binary([4, 1, 0, 0x34, 0x12]);
    assert_eq!(bob.expect_binary().await[..], [5, 1, 0, 0, 0, 1, 0, 0x34, 0x12]);
    ann.binary([4]);
    assert_eq!(bob.expect_binary().await[..], [5, 1, 0, 0, 0]);
    let mut cat: Client<BoardChannel> = app.connect("/board/plans").await.expect("anybody may");
    assert_eq!(cat.expect_binary().await[..], [&[2], &draw[1..]].concat());
    cat.expect::<People>().await;
    bob.expect::<People>().await;
    ann.binary([3]);
    for client in [&mut bob, &mut cat] {
        assert_eq!(client.expect_binary().await[..], [3]);
    }
}

#[tokio::test]
async fn pens_are_shown_to_the_others_until_they_leave() {
    let app = app();
    let (mut ann, _) = join(&app, "plans", &mut []).await;
    let (mut bob, _) = join(&app, "plans", &mut [&mut ann]).await;
    let at = Point { x: 3, y: 4 };
    ann.send(Pen(Some(at)));
    assert_eq!(bob.expect::<PenOf>().await, PenOf { pen: 1, at: Some(at) });
    bob.send(Pen(Some(at)));
    assert_eq!(ann.expect::<PenOf>().await, PenOf { pen: 2, at: Some(at) });
    drop(ann);
    assert_eq!(bob.expect::<PenOf>().await, PenOf { pen: 1, at: None });
    assert_eq!(bob.expect::<People>().await, People { count: 1 });
    bob.expect_nothing().await;
}

#[tokio::test]
async fn what_is_no_line_is_refused_and_not_drawn() {
    let app = app();
    let (mut ann, _) = join(&app, "plans", &mut []).await;
    let (mut bob, _) = join(&app, "plans", &mut [&mut ann]).await;
    let cases: [(&[u8], &str); 9] = [
        (&[1], "no line"),
        (&[1, 7, 1, 1, 0, 0, 0, 0, 0], "no such color"),
        (&[1, 1, 1, 0, 0], "a line has 1 to 1000 points"),
        (&[1, 1, 1, 0xe9, 3, 0, 0, 0, 0], "a line has 1 to 1000 points"),
        (&[1, 1, 1, 1, 0, 0, 0, 0], "half a point"),
        (&[1, 1, 1, 1, 0, 0x81, 0x3e, 0, 0], "a point beside the board"),
        (&[1, 1, 1, 1, 0, 0, 0, 0, 0, 0], "more than a line"),
        (&[3, 0], "more than a wipe"),
        (&[4, 0, 0, 0, 0, 0], "more than a point"),
    ];
    for (data, reason) in cases {
        ann.binary(data);
        let fault = ann.expect_error("invalid_payload").await;
        assert!(fault.message.contains(reason), "{data:?}: {fault:?}");
    }
    bob.expect_nothing().await;
    let (_, picture) = join(&app, "plans", &mut [&mut ann, &mut bob]).await;
    assert_eq!(picture, []);
    let reject = app.connect::<BoardChannel>(&format!("/board/{}", "x".repeat(101))).await.unwrap_err();
    assert_eq!(reject.status.as_u16(), 400);
}

#[tokio::test]
async fn a_board_that_is_full_takes_no_more_until_it_is_wiped() {
    let app = app();
    let (mut ann, _) = join(&app, "plans", &mut []).await;
    let long = Draw(line(1, (0..1000).map(|x| (x, x))));
    for _ in 0..100 {
        ann.send(long.clone());
        assert_eq!(ann.expect::<Drawn>().await, Drawn);
    }
    // Each piece has one answer, in the order of the pieces, from which the page knows what is on the board.
    ann.send(Draw(line(1, [(0, 0)])));
    assert_eq!(ann.expect_error("board.full").await.message, "The board is full: wipe it");
    let (mut bob, picture) = join(&app, "plans", &mut [&mut ann]).await;
    assert_eq!(picture.len(), 100);
    ann.send(Wipe);
    for client in [&mut ann, &mut bob] {
        client.expect::<Wipe>().await;
    }
    ann.send(long.clone());
    assert_eq!(bob.expect::<Draw>().await, long);
}

#[tokio::test]
async fn who_was_cut_off_receives_the_picture_with_what_was_drawn_meanwhile() {
    let app = app();
    let (mut ann, _) = join(&app, "plans", &mut []).await;
    let (mut bob, _) = join(&app, "plans", &mut [&mut ann]).await;
    bob.lose();
    assert_eq!(ann.wait_for::<People>().await, People { count: 1 });
    let drawn = line(1, [(0, 0), (16_000, 10_000)]);
    ann.send(Draw(drawn.clone()));
    ann.expect::<Drawn>().await;
    let mut bob = bob.come_back().await;
    assert_eq!(bob.expect::<Picture>().await, Picture(vec![drawn]));
    assert_eq!(bob.expect::<People>().await, People { count: 2 });
    bob.expect_nothing().await;
}

//! The example `board`: strokes in one order for all, taken back by whom they are, bounded, and none missed by who was cut off; and
//! everybody's pens.

use board::{
    Board, BoardFromClient, Color, Draw, People, Person, Point, PointTo, Pointed, Stroke, StrokeAdded, StrokeId,
    StrokeRemoved, Welcome, WholeDrawing,
};
use std::time::Duration;

use channel_runtime::Fresh;
use channel_runtime::testing::{self, Client, TestApp};
use serde_json::json;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/board/main.rs"]
mod board;

fn app() -> TestApp<()> {
    testing::app(board::server())
}

/// What a client is sent first.
struct Joined {
    you: Person,
    strokes: Vec<Stroke>,
}

async fn join(app: &TestApp<()>, others: &mut [&mut Client<Board>]) -> (Client<Board>, Joined) {
    let mut client: Client<Board> = app.connect("/board/plans").await.expect("anybody may");
    let WholeDrawing { strokes } = client.expect().await;
    let Welcome { you } = client.expect().await;
    let count = others.len() + 1;
    assert_eq!(client.expect::<People>().await.count, count);
    for other in others {
        assert_eq!(other.expect::<People>().await.count, count);
    }
    (client, Joined { you, strokes })
}

fn stroke(points: usize) -> Draw {
    Draw { color: Color::Blue, width: 4, points: (0..points).map(|n| point(n as f32 % 1600.0, 10.0)).collect() }
}

fn point(x: f32, y: f32) -> Point {
    serde_json::from_value(json!([x, y])).unwrap()
}

async fn drawn(client: &mut Client<Board>, points: usize) -> StrokeId {
    serde_json::from_value(client.request(stroke(points)).success().await).expect("the answer is an id")
}

#[tokio::test]
async fn a_stroke_reaches_all_and_its_id_is_the_answer() {
    let app = app();
    let (mut ann, welcome) = join(&app, &mut []).await;
    assert!(welcome.strokes.is_empty());
    let (mut bob, welcome_of_bob) = join(&app, &mut [&mut ann]).await;
    assert_ne!(welcome.you, welcome_of_bob.you);

    let id = drawn(&mut ann, 3).await;
    for client in [&mut ann, &mut bob] {
        let StrokeAdded { stroke } = client.expect().await;
        assert_eq!((stroke.id, stroke.by, stroke.points.len()), (id, welcome.you, 3));
    }
    let (_cat, welcome) = join(&app, &mut [&mut ann, &mut bob]).await;
    assert_eq!(welcome.strokes.len(), 1);
}

#[tokio::test]
async fn each_takes_back_the_last_of_their_own() {
    let app = app();
    let (mut ann, _) = join(&app, &mut []).await;
    let (mut bob, _) = join(&app, &mut [&mut ann]).await;
    let first = drawn(&mut ann, 2).await;
    let second = drawn(&mut bob, 2).await;
    for client in [&mut ann, &mut bob] {
        for id in [first, second] {
            assert_eq!(client.expect::<StrokeAdded>().await.stroke.id, id);
        }
    }
    ann.request(BoardFromClient::Undo).success().await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect::<StrokeRemoved>().await.id, first);
    }
    let fault = ann.request(BoardFromClient::Undo).error("board.nothing_to_undo").await;
    assert_eq!(fault.message, "nothing of yours is on the board");
}

#[tokio::test]
async fn what_is_beside_the_board_or_too_much_is_a_fault_with_its_details() {
    let app = app();
    let (mut ann, _) = join(&app, &mut []).await;
    for draw in [
        stroke(0),
        stroke(2001),
        Draw { width: 0, ..stroke(1) },
        Draw { width: 41, ..stroke(1) },
        Draw { points: vec![point(1600.5, 1.0)], ..stroke(1) },
        Draw { points: vec![point(1.0, -0.5)], ..stroke(1) },
    ] {
        let fault = ann.request(draw).error("board.bad_stroke").await;
        assert_eq!(fault.details, json!({ "most": 2000 }));
    }
    ann.expect_nothing().await;
}

#[tokio::test]
async fn the_others_see_a_pen_until_its_client_leaves() {
    let app = app();
    let (mut ann, welcome) = join(&app, &mut []).await;
    let (mut bob, _) = join(&app, &mut [&mut ann]).await;
    ann.send(PointTo { at: Some(point(5.0, 6.0)) });
    let pointed: Pointed = bob.expect().await;
    assert_eq!((pointed.person, pointed.at), (welcome.you, Some(point(5.0, 6.0))));
    ann.close();
    let pointed: Pointed = bob.expect().await;
    assert_eq!((pointed.person, pointed.at), (welcome.you, None));
    assert_eq!(bob.expect::<People>().await.count, 1);
}

#[tokio::test]
async fn who_was_cut_off_is_sent_the_strokes_that_it_missed_and_not_the_drawing() {
    let app = app();
    let (mut ann, _) = join(&app, &mut []).await;
    let (mut bob, _) = join(&app, &mut [&mut ann]).await;
    drawn(&mut ann, 3).await;
    let _: StrokeAdded = bob.expect().await;
    bob.lose();
    let missed = drawn(&mut ann, 4).await;
    ann.send(PointTo { at: Some(point(5.0, 6.0)) });

    let mut bob = bob.come_back().await;
    assert_eq!(bob.joined().await.resumed(), Some(1), "a stroke; where a pen was is not kept");
    assert_eq!(bob.expect::<StrokeAdded>().await.stroke.id, missed);
    let _: Welcome = bob.expect().await;
    assert_eq!(bob.expect::<People>().await.count, 2);
    bob.expect_nothing().await;
}

#[tokio::test]
async fn who_missed_more_than_is_kept_is_sent_the_whole_drawing() {
    let app = app();
    let (mut ann, _) = join(&app, &mut []).await;
    let (mut bob, _) = join(&app, &mut [&mut ann]).await;
    bob.lose();
    for _ in 0..15 {
        drawn(&mut ann, 2000).await;
    }
    let mut bob = bob.come_back().await;
    assert_eq!(bob.joined().await.fresh(), Some(Fresh::Expired));
    assert_eq!(bob.expect::<WholeDrawing>().await.strokes.len(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_all_have_left_is_there_as_long_as_its_newest_stroke_is_kept() {
    let app = app();
    let (mut ann, _) = join(&app, &mut []).await;
    let id = drawn(&mut ann, 3).await;
    let _: StrokeAdded = ann.expect().await;
    ann.lose();
    app.settle().await;
    tokio::time::sleep(Duration::from_secs(4 * 60)).await;
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(0));
    drop(ann);
    let (ann, joined) = join(&app, &mut []).await;
    assert_eq!(joined.strokes.iter().map(|stroke| stroke.id).collect::<Vec<_>>(), [id]);
    drop(ann);
    app.settle().await;
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    let (_ann, joined) = join(&app, &mut []).await;
    assert!(joined.strokes.is_empty());
}

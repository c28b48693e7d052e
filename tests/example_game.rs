//! `examples/game.rs`, driven through the testing kit. The rules of checkers are tested where they stand.

#[allow(dead_code)]
#[path = "../examples/game.rs"]
mod game;

use std::sync::Arc;

use channel_runtime::testing::{self, Client, TestApp};
use game::GameChannelFromClient::LeaveGame;
use game::{
    App, Chat, ChatMessage, Color, GameChannel, GameOver, GameState, JoinGame, Move, MoveMade, Piece, PlayerId,
    PlayerJoined, PlayerLeft, Reason, Square, Step, Welcome,
};
use serde_json::{Value, json};

/// A server with one open game, number 1.
fn app_with_a_game() -> TestApp<App> {
    let app = Arc::new(App::default());
    app.open_game();
    testing::app(game::server(app))
}

/// Somebody at table 1, who keeps the last state seen.
struct Guest {
    client: Client<GameChannel>,
    player_id: PlayerId,
    state: GameState,
}

impl Guest {
    async fn arrive(app: &TestApp<App>, token: &str) -> Self {
        let mut client = app.connect::<GameChannel>("/game/1").query("token", token).await.unwrap();
        let welcome: Welcome = client.expect().await;
        let state = client.expect().await;
        Self { client, player_id: welcome.player_id, state }
    }

    async fn see(&mut self) -> &GameState {
        self.state = self.client.expect().await;
        &self.state
    }

    fn join(&mut self, player_name: &str, color: Color) {
        self.client.send(JoinGame { player_name: player_name.into(), color });
    }

    /// Moves the piece that stands on `from`.
    fn play(&mut self, from: &str, to: &str) {
        let from = square(from);
        let piece = self.state.board.get(&from).copied().unwrap_or(Piece::RedMan);
        self.client.send(Move { from, to: square(to), piece });
    }

    async fn is_refused(&mut self, reason: &str) {
        let fault = self.client.expect_error("game.invalid_move").await;
        assert_eq!(fault.message, "Invalid move");
        assert_eq!(fault.details, json!({ "reason": reason }));
    }
}

fn square(text: &str) -> Square {
    text.parse().unwrap()
}

/// Ada, who plays red, and Grace, who plays white; the first move is Ada's.
async fn a_game_begun(app: &TestApp<App>) -> (Guest, Guest) {
    let mut ada = Guest::arrive(app, "ada").await;
    let mut grace = Guest::arrive(app, "grace").await;
    ada.see().await;
    ada.join("Ada", Color::Red);
    grace.join("Grace", Color::White);
    for guest in [&mut ada, &mut grace] {
        for _ in 0..2 {
            let _: PlayerJoined = guest.client.expect().await;
            guest.see().await;
        }
    }
    (ada, grace)
}

/// Both see this move made.
async fn play(mover: &mut Guest, other: &mut Guest, from: &str, to: &str) -> Option<Square> {
    mover.play(from, to);
    let mut captured = None;
    for guest in [&mut *mover, other] {
        let made: MoveMade = guest.client.expect().await;
        assert_eq!((made.from, made.to), (square(from), square(to)));
        captured = made.captured;
        guest.see().await;
    }
    captured
}

#[tokio::test]
async fn who_comes_sees_the_board() {
    let app = app_with_a_game();
    let mut ada = Guest::arrive(&app, "ada").await;
    assert_eq!(ada.state.board.len(), 24);
    assert_eq!((ada.state.board[&square("a1")], ada.state.board[&square("b6")]), (Piece::RedMan, Piece::WhiteMan));
    assert_eq!((ada.state.turn, ada.state.count), (Color::Red, 1));
    assert!(ada.state.moves.is_empty(), "nobody plays yet");

    let grace = Guest::arrive(&app, "grace").await;
    assert_ne!(grace.player_id, ada.player_id);
    assert_eq!(ada.see().await.count, 2);
    drop(grace);
    assert_eq!(ada.see().await.count, 1);
}

#[tokio::test]
async fn a_game_that_is_not_open_is_not_found() {
    let app = app_with_a_game();
    for path in ["/game/0", "/game/2"] {
        let mut client = app.connect::<GameChannel>(path).query("token", "ada").await.unwrap();
        assert_eq!(client.expect_error("game.not_found").await.message, "Game not found");
        client.expect_close().await;
    }
    let reject = app.connect::<GameChannel>("/game/first").query("token", "ada").await.unwrap_err();
    assert_eq!(reject.status, 404);
}

#[tokio::test]
async fn a_player_has_a_token_that_the_others_never_see() {
    let app = app_with_a_game();
    let reject = app.connect::<GameChannel>("/game/1").await.unwrap_err();
    assert_eq!((reject.status.as_u16(), reject.message.as_str()), (401, "No token provided"));

    let ada = Guest::arrive(&app, "ada").await;
    assert!(!ada.player_id.0.contains("ada"));
    let again = Guest::arrive(&app, "ada").await;
    assert_eq!(again.player_id, ada.player_id);
}

#[tokio::test]
async fn games_are_opened_by_a_post() {
    let routes = game::routes(Arc::default());
    for number in 1..=2 {
        let response = warp::test::request().method("POST").path("/games").reply(&routes).await;
        assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap(), json!({ "game_id": number }));
    }
}

#[tokio::test]
async fn players_sit_down_for_all_to_see() {
    let app = app_with_a_game();
    let mut ada = Guest::arrive(&app, "ada").await;
    let mut grace = Guest::arrive(&app, "grace").await;
    ada.see().await;

    ada.join("  Ada ", Color::Red);
    for guest in [&mut ada, &mut grace] {
        let joined: PlayerJoined = guest.client.expect().await;
        assert_eq!((joined.player_name.as_str(), joined.color), ("Ada", Color::Red));
        let players = &guest.see().await.players;
        assert_eq!(players.red.as_ref().unwrap().player_name, "Ada");
        assert!(players.white.is_none());
    }
    grace.join("Grace", Color::Red);
    assert_eq!(grace.client.expect_error("game.color_taken").await.message, "Red is taken");
    ada.join("Ada", Color::White);
    assert_eq!(ada.client.expect_error("game.already_seated").await.message, "You play Red");
    for (name, message) in
        [(" ", "Name cannot be empty"), ("\u{200b}", "Name cannot be empty"), (&*"x".repeat(31), "Name too long")]
    {
        grace.join(name, Color::White);
        assert_eq!(grace.client.expect_error("validation").await.message, message);
    }

    grace.join("Grace", Color::White);
    let _: PlayerJoined = grace.client.expect().await;
    assert_eq!(grace.see().await.moves.len(), 7, "red's first moves");
}

#[tokio::test]
async fn a_third_player_finds_the_game_full_and_watches() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    let mut alan = Guest::arrive(&app, "alan").await;
    ada.see().await;
    grace.see().await;
    for color in [Color::Red, Color::White] {
        alan.join("Alan", color);
        assert_eq!(alan.client.expect_error("game.full").await.message, "Game is full");
    }
    alan.play("a3", "b4");
    alan.is_refused("you only watch").await;

    play(&mut ada, &mut grace, "a3", "b4").await;
    assert_eq!(alan.client.expect::<MoveMade>().await.player_id, ada.player_id);
    assert_eq!(alan.see().await.turn, Color::White);
}

#[tokio::test]
async fn a_move_against_the_rules_is_refused_and_changes_nothing() {
    let app = app_with_a_game();
    let mut ada = Guest::arrive(&app, "ada").await;
    ada.join("Ada", Color::Red);
    let _: PlayerJoined = ada.client.expect().await;
    ada.see().await;
    ada.play("a3", "b4");
    ada.is_refused("nobody sits on the other side").await;
    drop(ada);
    app.settle().await;

    let (mut ada, mut grace) = a_game_begun(&app).await;
    grace.play("b6", "a5");
    grace.is_refused("it is not your turn").await;
    for (from, to, reason) in [
        ("a3", "c5", "the piece can't go there"),
        ("a3", "a4", "the piece can't go there"),
        ("b6", "a5", "that is not your piece"),
        ("d4", "e5", "that is not your piece"),
    ] {
        ada.play(from, to);
        ada.is_refused(reason).await;
    }
    ada.client.send(Move { from: square("a3"), to: square("b4"), piece: Piece::RedKing });
    ada.is_refused("another piece stands there").await;
    for no_square in ["i9", "B6", ""] {
        ada.client.send_text(&json!({"type": "move", "from": no_square, "to": "b4", "piece": "red_man"}).to_string());
        ada.client.expect_error("invalid_payload").await;
    }
    grace.client.expect_nothing().await;

    assert_eq!(play(&mut ada, &mut grace, "a3", "b4").await, None);
    assert_eq!(grace.state.board.get(&square("b4")), Some(&Piece::RedMan));
}

#[tokio::test]
async fn a_capture_is_forced_and_keeps_the_turn_while_it_goes_on() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    for (red, white) in [(("a3", "b4"), ("b6", "a5")), (("b2", "a3"), ("a7", "b6"))] {
        play(&mut ada, &mut grace, red.0, red.1).await;
        play(&mut grace, &mut ada, white.0, white.1).await;
    }
    play(&mut ada, &mut grace, "b4", "c5").await;

    grace.play("h6", "g5");
    grace.is_refused("a capture must be taken").await;
    assert_eq!(play(&mut grace, &mut ada, "b6", "d4").await, Some(square("c5")));
    assert_eq!(grace.state.turn, Color::White);
    ada.play("a1", "b2");
    ada.is_refused("it is not your turn").await;
    grace.play("d6", "c5");
    grace.is_refused("the capture goes on from d4").await;
    assert_eq!(play(&mut grace, &mut ada, "d4", "b2").await, Some(square("c3")));
    assert_eq!((ada.state.turn, ada.state.board.len()), (Color::Red, 22));
}

#[tokio::test]
async fn all_at_the_table_chat_each_as_themselves() {
    let app = app_with_a_game();
    let mut ada = Guest::arrive(&app, "ada").await;
    let mut grace = Guest::arrive(&app, "grace").await;
    ada.see().await;
    ada.client.send(Chat { message: "Good luck!".into(), player_id: ada.player_id.clone() });
    for guest in [&mut ada, &mut grace] {
        let line: ChatMessage = guest.client.expect().await;
        assert_eq!(line.message, "Good luck!");
        assert!(line.timestamp.ends_with('Z'), "{}", line.timestamp);
    }
    grace.client.send(Chat { message: "I give up".into(), player_id: ada.player_id.clone() });
    assert_eq!(grace.client.expect_error("forbidden").await.message, "Nobody speaks for somebody else");
    for (message, refusal) in [
        ("ü".repeat(201), "Message too long"),
        (" ".into(), "Message cannot be empty"),
        ("\u{200b}".into(), "Message cannot be empty"),
    ] {
        ada.client.send(Chat { message, player_id: ada.player_id.clone() });
        assert_eq!(ada.client.expect_error("validation").await.message, refusal);
    }
    grace.client.expect_nothing().await;
}

#[tokio::test]
async fn who_leaves_before_the_game_frees_the_seat() {
    let app = app_with_a_game();
    let mut ada = Guest::arrive(&app, "ada").await;
    ada.join("Ada", Color::Red);
    let _: PlayerJoined = ada.client.expect().await;
    ada.see().await;
    ada.client.send(LeaveGame);
    let left: PlayerLeft = ada.client.expect().await;
    assert_eq!((left.player_name.as_str(), left.color), ("Ada", Color::Red));
    assert!(ada.see().await.players.red.is_none());
    ada.client.send(LeaveGame);
    ada.client.expect_nothing().await;
}

#[tokio::test]
async fn who_leaves_a_game_resigns_and_who_sits_down_begins_the_next() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    play(&mut ada, &mut grace, "a3", "b4").await;
    ada.client.send(LeaveGame);
    for guest in [&mut ada, &mut grace] {
        let _: PlayerLeft = guest.client.expect().await;
        assert!(guest.see().await.moves.is_empty());
        let over: GameOver = guest.client.expect().await;
        assert_eq!((over.winner, over.reason), (Some(Color::White), Reason::Resigned));
    }
    grace.play("b6", "a5");
    grace.is_refused("the game is over").await;
    grace.client.send(LeaveGame);
    grace.client.expect_nothing().await;

    grace.join("Grace", Color::Red);
    let _: PlayerJoined = grace.client.expect().await;
    let next = grace.see().await;
    assert!(next.over.is_none() && next.players.white.is_none());
    assert!(next.board.contains_key(&square("a3")), "the pieces stand where a game begins");
}

#[tokio::test]
async fn a_lost_connection_keeps_the_seat_until_somebody_takes_it() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    play(&mut ada, &mut grace, "a3", "b4").await;
    let (ada_id, board) = (ada.player_id, ada.state.board);
    drop(ada.client);
    let left: PlayerLeft = grace.client.expect().await;
    assert_eq!(left.player_name, "Ada");
    assert!(!grace.see().await.players.red.as_ref().unwrap().is_here);

    let ada = Guest::arrive(&app, "ada").await;
    assert_eq!((&ada.player_id, &ada.state.board), (&ada_id, &board));
    let back: PlayerJoined = grace.client.expect().await;
    assert_eq!(back.color, Color::Red);
    assert!(grace.see().await.players.red.as_ref().unwrap().is_here);
    drop(ada);
    let _: PlayerLeft = grace.client.expect().await;
    grace.see().await;

    let mut alan = Guest::arrive(&app, "alan").await;
    grace.see().await;
    alan.join("Alan", Color::Red);
    for guest in [&mut alan, &mut grace] {
        let _: PlayerJoined = guest.client.expect().await;
        assert_eq!(guest.see().await.players.red.as_ref().unwrap().player_name, "Alan");
    }
    play(&mut grace, &mut alan, "b6", "a5").await;
}

#[tokio::test]
async fn a_player_may_look_from_two_windows() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    let second = Guest::arrive(&app, "ada").await;
    ada.see().await;
    assert_eq!(grace.see().await.count, 3);
    drop(second);
    assert!(grace.see().await.players.red.as_ref().unwrap().is_here, "the first window is still open");
}

#[tokio::test]
async fn a_game_is_played_to_its_end() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    let mut chance = 1_u32;
    while ada.state.over.is_none() {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let Step { from, to, captured } = ada.state.moves[(chance >> 16) as usize % ada.state.moves.len()];
        let (mover, other) = if ada.state.turn == Color::Red { (&mut ada, &mut grace) } else { (&mut grace, &mut ada) };
        assert_eq!(play(mover, other, &from.to_string(), &to.to_string()).await, captured);
        assert_eq!(ada.state.board, grace.state.board);
    }
    for guest in [&mut ada, &mut grace] {
        let over: GameOver = guest.client.expect().await;
        let seen = guest.state.over.as_ref().unwrap();
        assert_eq!((over.winner, over.reason), (seen.winner, seen.reason));
        assert!(over.winner.is_some(), "this one is no draw");
        guest.client.expect_nothing().await;
    }
}

#[tokio::test]
async fn who_was_cut_off_is_sent_the_table_with_the_moves_that_were_missed() {
    let app = app_with_a_game();
    let (mut ada, mut grace) = a_game_begun(&app).await;
    let mut alan = Guest::arrive(&app, "alan").await;
    ada.see().await;
    grace.see().await;
    alan.client.lose();
    for player in [&mut ada, &mut grace] {
        assert_eq!(player.see().await.count, 2);
    }
    play(&mut ada, &mut grace, "a3", "b4").await;
    let mut back = alan.client.come_back().await;
    assert_eq!(back.expect::<Welcome>().await.player_id, alan.player_id);
    let state: GameState = back.expect().await;
    assert_eq!((&state.board, state.turn), (&ada.state.board, Color::White));
    back.expect_nothing().await;
}

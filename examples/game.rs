//! A game of checkers for two players and any number of watchers.
//!
//! Run `cargo run --example game`, open the printed address, press "New game", and open the game's own address in a second tab.
//! The board is the room's state. Only the server knows the rules (in `checkers`); the page draws the state that it receives.

mod checkers;

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::hash::{BuildHasher, RandomState};
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, io};

use channel_runtime::describe::{Describe, Needs};
use channel_runtime::{
    ConnectionId, Extract, Fault, Handshake, Reject, Server, Socket, channel, channels, message, timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::Filter;

use self::blank::is_blank;
use self::client::client;
use self::page::page;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

pub use checkers::{Checkers, Color, Piece, Reason, Square, Step};

// No history: who comes back is sent the whole table, and moves that were missed are in it.
#[channel("/game/:game_id", app = App, room_state = Table)]
pub struct GameChannel {
    game_id: GameId,
    #[extract]
    player: PlayerId,
}

/// The first message to everyone who connects.
#[message(type = "welcome")]
pub struct Welcome {
    pub game_id: GameId,
    pub player_id: PlayerId,
}

/// Everything on the table: sent when a client connects, and after each change.
#[message(type = "game_state")]
pub struct GameState {
    pub board: BTreeMap<Square, Piece>,
    pub turn: Color,
    /// The legal moves; empty until both seats are taken, and once the game is over.
    pub moves: Vec<Step>,
    pub players: Seats,
    /// How many clients are at the table, players included.
    pub count: usize,
    pub over: Option<GameOver>,
}

#[message(type = "join_game")]
pub struct JoinGame {
    pub player_name: String,
    pub color: Color,
}

#[message(type = "player_joined")]
pub struct PlayerJoined {
    pub player_name: String,
    pub color: Color,
}

#[message(type = "player_left")]
pub struct PlayerLeft {
    pub player_name: String,
    pub color: Color,
}

#[message(type = "move")]
pub struct Move {
    pub from: Square,
    pub to: Square,
    pub piece: Piece,
}

#[message(type = "move_made")]
pub struct MoveMade {
    pub from: Square,
    pub to: Square,
    pub piece: Piece,
    pub captured: Option<Square>,
    pub player_id: PlayerId,
}

#[message(type = "game_over")]
#[derive(Describe)]
pub struct GameOver {
    /// `None` if it is a draw.
    pub winner: Option<Color>,
    pub reason: Reason,
}

#[message(type = "chat")]
pub struct Chat {
    pub message: String,
    pub player_id: PlayerId,
}

#[message(type = "chat_message")]
pub struct ChatMessage {
    pub message: String,
    pub player_id: PlayerId,
    pub timestamp: String,
}

/// Why a player gets no seat.
#[derive(Fault)]
pub enum SeatError {
    /// The player sits on the other side.
    #[fault("game.already_seated", "You play {color}")]
    AlreadySeated {
        #[fault(skip)]
        color: Color,
    },
    #[fault("game.full", "Game is full")]
    Full,
    /// The other seat is free.
    #[fault("game.color_taken", "{color} is taken")]
    ColorTaken {
        #[fault(skip)]
        color: Color,
    },
    /// The name is no name.
    #[fault(transparent)]
    Name(Fault),
}

/// The rules do not allow the move, or not now.
#[derive(Fault)]
#[fault("game.invalid_move", "Invalid move")]
pub struct InvalidMove {
    reason: String,
}

#[channel(sends(Welcome, GameState, PlayerJoined, PlayerLeft, MoveMade, GameOver, ChatMessage))]
impl GameChannel {
    /// The longest chat message and the longest name, in characters.
    const MAX_CHAT: usize = 200;
    const MAX_NAME: usize = 30;

    /// If the game isn't open, the client receives an error frame: a 404 would be hidden from the page by the browser.
    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) -> Result<(), Fault> {
        if !app.is_open(self.game_id) {
            return Err(Fault::new("game.not_found", "Game not found"));
        }
        socket.send(Welcome { game_id: self.game_id, player_id: self.player.clone() });
        socket.room().with(|table, room| {
            if let Some((color, player_name)) = table.arrive(socket.id(), &self.player) {
                socket.others().send(PlayerJoined { player_name, color });
            }
            room.send(table.state());
        });
        Ok(())
    }

    #[message]
    fn join_game(&mut self, join: JoinGame, socket: &Socket<Self>) -> Result<(), SeatError> {
        let player_name = text(join.player_name.trim(), Self::MAX_NAME, "Name").map_err(SeatError::Name)?;
        socket.room().with(|table, room| {
            table.sit_down(&self.player, &player_name, join.color)?;
            room.send(PlayerJoined { player_name, color: join.color });
            room.send(table.state());
            Ok(())
        })
    }

    /// Messages sent inside `with` keep the order in which the board changes.
    #[message]
    fn make_move(&mut self, m: Move, socket: &Socket<Self>) -> Result<(), InvalidMove> {
        socket.room().with(|table, room| {
            let Step { from, to, captured } = table.play(&self.player, &m)?;
            room.send(MoveMade { from, to, piece: m.piece, captured, player_id: self.player.clone() });
            room.send(table.state());
            if let Some(over) = table.over() {
                room.send(over);
            }
            Ok(())
        })
    }

    #[message]
    fn chat(&mut self, chat: Chat, socket: &Socket<Self>) -> Result<(), Fault> {
        if chat.player_id != self.player {
            return Err(Fault::forbidden("Nobody speaks for somebody else"));
        }
        let message = text(&chat.message, Self::MAX_CHAT, "Message")?;
        socket.room().send(ChatMessage { message, player_id: chat.player_id, timestamp: timestamp() });
        Ok(())
    }

    /// Gives up the seat; during a game the player resigns.
    #[message(type = "leave_game")]
    fn leave_game(&mut self, socket: &Socket<Self>) {
        socket.room().with(|table, room| {
            if let Some((color, player_name)) = table.get_up(&self.player) {
                room.send(PlayerLeft { player_name, color });
                room.send(table.state());
                if let Some(over) = table.over() {
                    room.send(over);
                }
            }
        });
    }

    /// A lost connection is not a resignation: the seat is kept, and the same player may return to it.
    fn on_close(&mut self, socket: &Socket<Self>) {
        socket.room().with(|table, room| {
            if let Some((color, player_name)) = table.depart(socket.id()) {
                room.send(PlayerLeft { player_name, color });
            }
            room.send(table.state());
        });
    }
}

/// Checks that a text has at most `max` characters and is not blank.
fn text(text: &str, max: usize, what: &str) -> Result<String, Fault> {
    if text.chars().count() > max {
        return Err(Fault::validation(format!("{what} too long")));
    }
    if is_blank(text) {
        return Err(Fault::validation(format!("{what} cannot be empty")));
    }
    Ok(text.into())
}

/// What all clients at one table share: made when the first one joins, dropped when the last one leaves.
#[derive(Default)]
pub struct Table {
    game: Checkers,
    seats: Seats,
    /// The players and watchers by connection; a player may have several connections.
    guests: HashMap<ConnectionId, PlayerId>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, Describe)]
pub struct Seats {
    pub red: Option<Seat>,
    pub white: Option<Seat>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Describe)]
pub struct Seat {
    pub player_id: PlayerId,
    pub player_name: String,
    /// Whether the player is connected; if not, somebody else can take the seat.
    pub is_here: bool,
}

impl Table {
    /// Adds a connection. Returns the seat that its player returned to, or `None`.
    fn arrive(&mut self, connection: ConnectionId, player: &PlayerId) -> Option<(Color, String)> {
        self.guests.insert(connection, player.clone());
        let (color, seat) = self.seats.of(player)?;
        let was_away = !std::mem::replace(&mut seat.is_here, true);
        was_away.then(|| (color, seat.player_name.clone()))
    }

    /// Removes a connection. Returns its player's seat if that was the player's last connection, or `None`.
    fn depart(&mut self, connection: ConnectionId) -> Option<(Color, String)> {
        let player = self.guests.remove(&connection)?;
        let (color, seat) = self.seats.of(&player)?;
        seat.is_here = self.guests.values().any(|guest| *guest == player);
        (!seat.is_here).then(|| (color, seat.player_name.clone()))
    }

    /// Takes a seat. If the game is finished, a new one begins.
    fn sit_down(&mut self, player: &PlayerId, player_name: &str, color: Color) -> Result<(), SeatError> {
        if self.game.outcome().is_some() {
            (self.game, self.seats) = Default::default();
        }
        if let Some((mine, _)) = self.seats.of(player).filter(|(mine, _)| *mine != color) {
            return Err(SeatError::AlreadySeated { color: mine });
        }
        let is_taken =
            |seat: &Option<Seat>| seat.as_ref().is_some_and(|seat| seat.is_here && seat.player_id != *player);
        if is_taken(&self.seats.red) && is_taken(&self.seats.white) {
            return Err(SeatError::Full);
        }
        let seat = self.seats.at(color);
        if is_taken(seat) {
            return Err(SeatError::ColorTaken { color });
        }
        *seat = Some(Seat { player_id: player.clone(), player_name: player_name.into(), is_here: true });
        Ok(())
    }

    fn get_up(&mut self, player: &PlayerId) -> Option<(Color, String)> {
        let (color, seat) = self.seats.of(player)?;
        let player_name = seat.player_name.clone();
        if self.game.outcome().is_some() {
            return None;
        } else if self.seats.are_taken() {
            self.game.resign(color);
        } else {
            *self.seats.at(color) = None;
        }
        Some((color, player_name))
    }

    fn play(&mut self, player: &PlayerId, m: &Move) -> Result<Step, InvalidMove> {
        let (color, _) = self.seats.of(player).ok_or_else(|| invalid_move("you only watch"))?;
        if !self.seats.are_taken() {
            return Err(invalid_move("nobody sits on the other side"));
        }
        if self.game.outcome().is_none() && color != self.game.turn() {
            return Err(invalid_move("it is not your turn"));
        }
        if self.game.pieces().get(&m.from).is_some_and(|piece| *piece != m.piece) {
            return Err(invalid_move("another piece stands there"));
        }
        self.game.play(m.from, m.to).map_err(invalid_move)
    }

    fn over(&self) -> Option<GameOver> {
        let outcome = self.game.outcome()?;
        Some(GameOver { winner: outcome.winner, reason: outcome.reason })
    }

    fn state(&self) -> GameState {
        GameState {
            board: self.game.pieces().clone(),
            turn: self.game.turn(),
            moves: if self.seats.are_taken() { self.game.moves() } else { Vec::new() },
            players: self.seats.clone(),
            count: self.guests.len(),
            over: self.over(),
        }
    }
}

impl Seats {
    fn at(&mut self, color: Color) -> &mut Option<Seat> {
        match color {
            Color::Red => &mut self.red,
            Color::White => &mut self.white,
        }
    }

    fn of(&mut self, player: &PlayerId) -> Option<(Color, &mut Seat)> {
        let red = self.red.as_mut().map(|seat| (Color::Red, seat));
        let white = self.white.as_mut().map(|seat| (Color::White, seat));
        red.into_iter().chain(white).find(|(_, seat)| seat.player_id == *player)
    }

    fn are_taken(&self) -> bool {
        self.red.is_some() && self.white.is_some()
    }
}

fn invalid_move(reason: impl Display) -> InvalidMove {
    InvalidMove { reason: reason.to_string() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct GameId(pub u32);

impl FromStr for GameId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl Display for GameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The public id of a player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct PlayerId(pub String);

/// The page makes up a secret `token` and keeps it, so that a player who reconnects is the same one. The public id is made from the
/// token and does not reveal it.
impl Extract<App> for PlayerId {
    const NEEDS: Needs = Needs::query("token");

    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let token = handshake.query_param("token").ok_or(Reject::unauthorized("No token provided"))?;
        Ok(Self(format!("player_{:016x}", app.key.hash_one(token))))
    }
}

/// The games that are open: from number 1 to the last one opened.
#[derive(Default)]
pub struct App {
    opened: AtomicU32,
    key: RandomState,
}

impl App {
    pub fn open_game(&self) -> GameId {
        GameId(self.opened.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn is_open(&self, game: GameId) -> bool {
        (1..=self.opened.load(Ordering::Relaxed)).contains(&game.0)
    }
}

/// `POST /games` opens a game.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let games = warp::path!("games").and(warp::post());
    games.map(move || warp::reply::json(&json!({ "game_id": app.open_game() })))
}

/// The channel, its page at `/`, and the route beside it.
pub fn server(app: Arc<App>) -> Server<App> {
    let server = channels![GameChannel].app_arc(app.clone());
    let page = page(include_str!("pages/game.html"), client(&server.describe()));
    server.or(routes(app).or(page))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server(Arc::default()).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}

use channel_runtime::{Fault, Room, channel, channels};
use serde::Serialize;

#[derive(Default)]
struct Recent(Vec<String>);

#[channel("/feed/:id", room_state = Recent, room_grace = "30s")]
struct Feed {
    id: u64,
}

#[channel]
impl Feed {}

struct Board;

#[channel("/game/:id", room_state = Board)]
struct Game {
    id: u64,
}

struct RoleChanged;

#[derive(Serialize)]
struct Renamed;

#[channel]
impl Game {
    async fn on_room_open(_: &Room<Self>) -> Result<Board, Fault> {
        Ok(Board)
    }

    async fn on_room_close(_: &Room<Self>, _: Board) {}

    #[notice]
    fn role_changed(&mut self, _: RoleChanged) {}

    #[notice]
    fn renamed(&mut self, _: Renamed) {}
}

struct Kicked;

#[channel("/user/:name")]
struct User {
    name: String,
}

#[channel]
impl User {
    fn identity(&self) -> &String {
        &self.name
    }

    #[notice]
    fn kicked(&mut self, _: Kicked) {}
}

#[channel("/lobby")]
struct Lobby;

#[channel]
impl Lobby {}

fn main() {
    channels![Feed, Game, Lobby, User; cluster].alone().app(());
}

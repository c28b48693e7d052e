use channel_runtime::{Hub, channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {

}

fn announce(games: &Hub<Game>) {
    games.all().send(Move { from: "e2".into() });
}

fn main() {}

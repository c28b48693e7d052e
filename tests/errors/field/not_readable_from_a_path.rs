use channel_runtime::channel;

struct GameId(u32);

#[channel("/game/:game_id")]
struct Game {
    game_id: GameId,
}

#[channel]
impl Game {}

fn main() {}

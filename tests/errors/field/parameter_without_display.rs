use channel_runtime::channel;

struct GameId(u32);

impl std::str::FromStr for GameId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(GameId)
    }
}

#[channel("/game/:game_id")]
struct Game {
    game_id: GameId,
}

#[channel]
impl Game {}

fn main() {}

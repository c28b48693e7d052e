use channel_runtime::{channel, channels, message};

mod chess {
    #[derive(serde::Serialize, serde::Deserialize, channel_runtime::describe::Describe)]
    pub struct Piece {
        pub at: String,
    }
}

mod checkers {
    #[derive(serde::Serialize, serde::Deserialize, channel_runtime::describe::Describe)]
    pub struct Piece {
        pub is_king: bool,
    }
}

#[message(type = "placed")]
struct Placed {
    chess: chess::Piece,
    checkers: checkers::Piece,
}

#[channel("/game")]
struct Game;

#[channel(sends(Placed))]
impl Game {}

fn main() {
    channels![Game; lock = "two_types_of_one_name.lock"].app(());
}

use std::time::Duration;

use channel_runtime::describe::Describe;
use channel_runtime::{Success, channel, channels, message};
use serde::{Deserialize, Serialize};

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

#[derive(Serialize, Deserialize)]
struct Piece {
    at: u8,
}

#[derive(Serialize, Deserialize, Describe)]
struct Board {
    pieces: Vec<Piece>,
    #[describe(opaque)]
    notes: Option<Piece>,
}

#[derive(Serialize, Deserialize, Describe)]
enum Change {
    Placed { piece: Piece },
    Nothing,
}

#[message(type = "changed")]
struct Changed {
    board: Board,
    change: Change,
    #[serde(with = "seconds")]
    after: Duration,
    // Not sent, and so nothing that the lock could see.
    #[serde(skip_serializing, default)]
    cache: Option<Piece>,
}

#[message(type = "place")]
struct Place {
    piece: Option<Piece>,
}

#[channel("/game")]
struct Game;

#[channel(sends(Changed))]
impl Game {
    #[message]
    fn place(&self, _: Place) {}

    #[message(type = "pieces")]
    fn pieces(&self) -> Success<Vec<Piece>> {
        Success(vec![])
    }
}

fn main() {
    channels![Game; lock = "not_described.lock"].app(());
}

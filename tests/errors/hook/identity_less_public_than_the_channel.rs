use channel_runtime::channel;

#[derive(Clone, PartialEq, Eq, Hash)]
struct UserId(u32);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for UserId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[channel("/game")]
pub struct Game;

#[channel]
impl Game {
    fn identity(&self) -> UserId {
        UserId(7)
    }
}

fn main() {}

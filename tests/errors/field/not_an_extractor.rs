use channel_runtime::channel;

struct User(String);

#[channel("/game")]
struct Game {
    #[extract]
    user: User,
}

#[channel]
impl Game {}

fn main() {}

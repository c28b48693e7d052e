use channel_runtime::channel;

struct User(String);

#[channel("/game")]
struct Game {
    #[extract]
    user: User,
}

fn main() {}

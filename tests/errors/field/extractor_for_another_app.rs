use channel_runtime::{Extract, Handshake, Reject, channel};

struct App;

struct User(String);

impl Extract<App> for User {
    async fn extract(_: &Handshake, _: &App) -> Result<Self, Reject> {
        Ok(User("anna".into()))
    }
}

#[channel("/game")]
struct Game {
    #[extract]
    user: User,
}

#[channel]
impl Game {}

fn main() {}

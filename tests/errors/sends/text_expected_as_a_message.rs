use channel_runtime::testing::Client;
use channel_runtime::{Text, channel};

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

async fn hears(client: &mut Client<Game>) {
    client.expect::<Text>().await;
}

fn main() {}

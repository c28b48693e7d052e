use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_text(&mut self, text: String) {
        drop(text);
    }
}

fn main() {}

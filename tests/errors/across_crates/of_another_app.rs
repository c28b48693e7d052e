use channel_runtime::{channel, channels};

struct App;

#[channel("/game", app = App)]
struct Game;
#[channel]
impl Game {}

fn main() {
    channels![Game, elsewhere::Desk].app(App);
}

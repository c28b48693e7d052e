use channel_runtime::{channel, channels};

struct App;
struct Other;

#[channel("/game", app = App)]
struct Game;
#[channel]
impl Game {}

#[channel("/chat", app = Other)]
struct Chat;
#[channel]
impl Chat {}

fn main() {
    channels![Game, Chat].app(App);
}

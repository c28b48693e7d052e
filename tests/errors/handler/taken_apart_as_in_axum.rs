use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat/:room")]
struct Chat {
    room: String,
}

struct App;
struct State<T>(T);
struct Json<T>(T);
struct Path<T>(T);

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, State(_app): State<App>, _say: Say) {}

    #[message]
    async fn said(&mut self, Json(_said): Json<Said>, _socket: &Socket<Self>) {}

    async fn on_connect(&mut self, Path(_room): Path<String>) {}
}

fn main() {}

use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

struct App;

impl App {
    async fn store(&self, _: &str) {}
}

#[channel("/chat/:room", app = App)]
struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>, app: &App) {
        tokio::spawn(async move {
            app.store(&say.text).await;
        });
        tokio::spawn(async {
            socket.send(Said { text: "later".into() });
        });
    }

    #[message]
    fn said(&self, _: Said) {
        std::thread::spawn(|| println!("{}", self.room.len()));
    }
}

fn main() {}

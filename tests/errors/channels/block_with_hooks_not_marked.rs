use channel_runtime::{Socket, channel, channels, message};

#[message(type = "here")]
struct Here {
    count: usize,
}

#[derive(Clone)]
struct Warned;

#[channel("/chat/:name")]
struct Chat {
    name: String,
}

impl Chat {
    fn identity(&self) -> &String {
        &self.name
    }

    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(Here { count: socket.room().len() });
        socket.user(&self.name).notify(Warned);
    }
}

fn main() {
    channels![Chat].app(());
}

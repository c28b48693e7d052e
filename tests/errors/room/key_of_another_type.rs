use channel_runtime::{Socket, channel, message};

struct Topic(String);

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[message(type = "follow")]
struct Follow {
    topic: String,
}

#[channel("/news", rooms(Topic))]
struct News;

#[channel]
impl News {
    #[message]
    fn follow(&mut self, follow: Follow, socket: &Socket<Self>) {
        socket.join(&follow.topic);
    }
}

fn main() {}

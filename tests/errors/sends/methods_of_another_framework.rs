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

#[channel(sends(Said))]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.emit("said", Said { text: say.text.clone() });
        socket.to("lounge").emit("said", Said { text: say.text.clone() });
        socket.broadcast("said", Said { text: say.text.clone() }).await;
        socket.volatile().send(Said { text: say.text });
        for member in socket.room().sockets() {
            member.send(Said { text: "hello".into() });
        }
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.on("say", |say: Say| drop(say));
        socket.assign("name", "ann");
        socket.subscribe("lounge");
        socket.disconnect();
    }
}

fn main() {}

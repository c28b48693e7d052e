use channel_runtime::{Fault, Socket, channel, message};

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel(sends(Said))]
impl Chat {
    #[message(type = "say")]
    fn say(&self, socket: &Socket<Self>) {
        socket.others().send("hello");
        socket.send(vec![Said { text: "hello".into() }, Said { text: "again".into() }]);
        socket.send(Fault::forbidden("not here"));
    }
}

fn main() {}

use channel_runtime::{Hub, Socket, channel};

#[channel("/doc")]
struct Doc;

#[channel]
impl Doc {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.presence_changed();
    }
}

fn main() {}

fn who(docs: &Hub<Doc>) {
    docs.all().present();
}

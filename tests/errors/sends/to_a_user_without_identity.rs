use channel_runtime::{Hub, Socket, channel, message};

#[message(type = "outbid")]
struct Outbid {}

#[channel("/lot/:lot")]
struct Lot {
    lot: u64,
}

#[channel(sends(Outbid))]
impl Lot {
    #[message(type = "tell")]
    fn tell(&self, socket: &Socket<Self>) {
        socket.user("ann").send(Outbid {});
    }
}

fn outbid(lots: &Hub<Lot>, user: &String) {
    lots.user(user).send(Outbid {});
}

fn main() {}

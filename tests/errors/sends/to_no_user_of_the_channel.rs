use channel_runtime::{Socket, channel, message};

#[message(type = "outbid")]
struct Outbid {}

#[channel("/lot/:user")]
struct Lot {
    user: u32,
}

#[channel(sends(Outbid))]
impl Lot {
    fn identity(&self) -> u32 {
        self.user
    }

    #[message(type = "tell")]
    fn tell(&self, socket: &Socket<Self>) {
        socket.user(&7).send(Outbid {});
        socket.user("ann").send(Outbid {});
        socket.users([&7, &8]).send(Outbid {});
        socket.users(["ann", "bob"]).send(Outbid {});
    }
}

fn main() {}

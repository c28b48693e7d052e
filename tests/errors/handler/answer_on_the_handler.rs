use channel_runtime::{channel, message};

#[message(type = "boot")]
struct Boot {}

#[channel("/charger")]
struct Charger;

#[channel]
impl Charger {
    #[message(answer = bool)]
    fn boot(&self, _: Boot) {}
}

fn main() {}

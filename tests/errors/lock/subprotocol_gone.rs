use channel_runtime::{channel, channels};

#[channel("/ocpp", subprotocols("ocpp2.0.1"))]
struct Charger;

#[channel]
impl Charger {}

fn main() {
    channels![Charger; lock = "subprotocol_gone.lock"].app(());
}

use channel_runtime::channel;

#[channel("/ocpp", subprotocols())]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

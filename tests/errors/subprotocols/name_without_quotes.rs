use channel_runtime::channel;

#[channel("/ocpp", subprotocols(soap))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

use channel_runtime::channel;

#[channel("/ocpp", subprotocols(optional))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

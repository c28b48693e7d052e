use channel_runtime::channel;

#[channel("/ocpp", subprotocols("ocpp1.6", "channels.1.json"))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

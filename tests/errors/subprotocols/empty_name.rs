use channel_runtime::channel;

#[channel("/ocpp", subprotocols("ocpp1.6", ""))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

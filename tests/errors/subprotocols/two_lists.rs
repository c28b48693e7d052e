use channel_runtime::channel;

#[channel("/ocpp", subprotocols("ocpp1.6"), subprotocols("ocpp2.0.1"))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

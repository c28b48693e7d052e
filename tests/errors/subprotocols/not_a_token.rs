use channel_runtime::channel;

#[channel("/ocpp", subprotocols("ocpp 1.6"))]
struct Charger;

#[channel]
impl Charger {}

fn main() {}

use channel_runtime::channel;

#[channel("/ocpp")]
struct Charger;

#[channel(subprotocols("ocpp1.6"))]
impl Charger {}

fn main() {}

use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[extract]
    ip: std::net::IpAddr,
}

#[channel]
impl Game {}

fn main() {}

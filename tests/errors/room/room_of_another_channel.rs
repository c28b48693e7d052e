use channel_runtime::{Hub, Sent, channel, message};

#[message(type = "news")]
struct News;

#[channel("/market")]
struct Market;
#[channel(sends(News))]
impl Market {}

#[channel("/bazaar")]
struct Bazaar;
#[channel(sends(News))]
impl Bazaar {}

fn tell(markets: &Hub<Market>) -> Sent {
    markets.room(&Bazaar::room()).send(News)
}

fn main() {}

use channel_runtime::{channel, message};

#[message(type = "liquid", latest)]
struct Liquid {
    amount: u32,
}

#[message(type = "costarring", volatile)]
struct Costarring {
    name: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/film")]
struct Film;

#[channel(sends(Liquid, Said, Costarring))]
impl Film {}

fn main() {}

use channel_runtime::channel;

#[channel("/market")]
struct Market;

#[channel]
impl Market {
    fn room(&self) -> u32 {
        7
    }
}

fn main() {}

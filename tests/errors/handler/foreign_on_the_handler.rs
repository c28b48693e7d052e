use channel_runtime::channel;

#[channel("/calls")]
struct Calls;

#[channel]
impl Calls {
    #[message(type = "done", foreign)]
    fn done(&mut self) {}
}

fn main() {}

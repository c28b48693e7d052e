use channel_runtime::channel;

struct Game<T>(T);

#[channel]
impl<T> Game<T> {
    #[message(type = "leave")]
    fn leave(&mut self) {}
}

fn main() {}

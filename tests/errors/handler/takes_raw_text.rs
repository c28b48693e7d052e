use channel_runtime::{Text, channel};

#[channel("/lines")]
struct Lines {}

#[channel]
impl Lines {
    #[message]
    fn line(&self, line: Text) {
        drop(line);
    }
}

fn main() {}

use channel_runtime::channel;
use std::fmt;

struct Symbol(String);

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/trades", rooms(Symbol(histroy)))]
struct Trades;

#[channel]
impl Trades {}

fn main() {}

use channel_runtime::{channel, message};

#[message(type = "call", foreign)]
struct Call {
    r#ref: String,
}

#[message(type = "done")]
struct Done {
    at: u64,
}

#[channel("/calls")]
struct Calls;

#[channel]
impl Calls {
    #[message]
    fn call(&mut self, m: Call) {
        let _ = m;
    }

    #[message]
    fn done(&mut self, m: Done) {
        let _ = m;
    }
}

fn main() {}

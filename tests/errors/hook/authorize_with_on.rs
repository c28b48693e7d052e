use channel_runtime::{Reject, channel};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    fn on_authorize(&self) -> Result<(), Reject> {
        Ok(())
    }

    fn on_opened(&mut self) {}
}

fn main() {}

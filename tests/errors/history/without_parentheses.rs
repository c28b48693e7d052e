use channel_runtime::channel;

#[channel("/chat", history = 20)]
struct Chat;

#[channel]
impl Chat {}

#[channel("/desk", history(20))]
struct Desk;

#[channel]
impl Desk {}

fn main() {}

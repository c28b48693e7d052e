use channel_runtime::{channel, channels};

struct Neither;

#[channel("/game/:id")]
struct NoHandlers {
    id: u32,
}

struct NoPath;
#[channel]
impl NoPath {}

struct App;
#[channel("/app", app = App)]
struct OfAnotherApp;
#[channel]
impl OfAnotherApp {}

struct Ours;
#[channel("/ours", app = Ours)]
struct OfOurs;
#[channel]
impl OfOurs {}

fn main() {
    channels![OfOurs, Neither, NoHandlers, NoPath, OfAnotherApp].app(Ours);
}

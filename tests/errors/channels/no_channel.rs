use channel_runtime::channels;

struct Game;

fn main() {
    channels![Game].app(());
}

use channel_runtime::channels;

fn main() {
    channels![elsewhere::Half].app(());
}

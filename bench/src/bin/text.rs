//! Our server of raw texts. A program of its own, because a second channel in the other one changes what the compiler inlines there.

use std::io;

use bench::serving::{Serving, Threads, announce};
use channel_runtime::{Config, Text, channel, channels};
use clap::Parser;

#[derive(Parser)]
#[command(about = "An echo of raw texts on channel-runtime", long_about = None)]
struct Arguments {
    #[command(flatten)]
    serving: Serving,
    #[command(flatten)]
    threads: Threads,
}

/// Each text is sent back as it is.
#[channel("/text/:room")]
struct TextEcho {
    room: String,
}

#[channel(sends(Text))]
impl TextEcho {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

fn main() -> io::Result<()> {
    let Arguments { serving, threads } = Arguments::parse();
    serving.begin()?;
    threads.run(async {
        // Without a bound on how often a client sends: the load is what is measured, not its refusal.
        let server = channels![TextEcho].app(()).config(Config::default().message_rate(None));
        let bound = server.bind(serving.addr).await?;
        announce(bound.local_addr());
        bound.run().await
    })
}

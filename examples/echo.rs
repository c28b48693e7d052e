//! A raw echo: any text comes back as text, anything binary as binary. For conformance suites, benchmarks and trying out clients.
//!
//! Run `cargo run --example echo`, and `cargo run --example echo -- --help` for the flags, which set the limits and turn on
//! compression. The limits are chosen for Autobahn:
//!
//! ```text
//! wstest -m fuzzingclient -s fuzzingclient.json    # { "servers": [{ "url": "ws://127.0.0.1:3030" }], "cases": ["*"], .. }
//! ```

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::{Compression, Config, Rate, Server, Text, channel, channels};

// No history: nothing is sent to a room; what a client says is sent back to it alone.
#[channel("/")]
pub struct Echo;

#[channel(sends(Text, Bytes))]
impl Echo {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }

    fn on_binary(&mut self, data: Bytes) -> Bytes {
        data
    }
}

const USAGE: &str = "\
Usage: echo [flag value].. [--deflate]

  --message-bytes N   the longest message, in bytes; a longer one closes with 1009 (16777216)
  --fragments N       the most fragments of a message; one more closes with 1009 (100000)
  --outbox-bytes N    how many bytes may wait for a client; for more it is closed with 1013 (67108864)
  --rate N            how many frames a second a client may send; one more closes with 1008 (no limit)
  --deflate           compresses what clients can inflate
  --help              prints this

The address is that of the environment variable ADDR (127.0.0.1:3030).
";

/// The settings of the flags. `None` if they ask for help.
pub fn config(flags: impl IntoIterator<Item = String>) -> Result<Option<Config>, String> {
    let mut flags = flags.into_iter();
    let mut config = Config::default().message_bytes(16 << 20).message_fragments(100_000).outbox_bytes(64 << 20);
    config = config.message_rate(None);
    while let Some(flag) = flags.next() {
        let mut number = || {
            let value = flags.next().ok_or(format!("{flag} needs a number"))?;
            value.parse::<u32>().ok().filter(|number| *number > 0).ok_or(format!("{flag} can't be {value}"))
        };
        config = match flag.as_str() {
            "--message-bytes" => config.message_bytes(number()? as usize),
            "--fragments" => config.message_fragments(number()? as usize),
            "--outbox-bytes" => config.outbox_bytes(number()? as usize),
            "--rate" => config.message_rate(Rate::new(number()?, Duration::from_secs(1))),
            "--deflate" => config.compression(Compression::default()),
            "--help" => return Ok(None),
            _ => return Err(format!("there is no flag {flag}")),
        };
    }
    Ok(Some(config))
}

pub fn server(config: Config) -> Server<()> {
    channels![Echo].app(()).config(config)
}

#[tokio::main]
async fn main() -> std::io::Result<ExitCode> {
    let config = match config(env::args().skip(1)) {
        Ok(Some(config)) => config,
        Ok(None) => {
            print!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Err(mistake) => {
            eprint!("{mistake}\n\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server(config).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await?;
    Ok(ExitCode::SUCCESS)
}

//! Our server.

use std::io;

use bench::serving::{Serving, Threads, announce};
use channel_runtime::{Config, Socket, channel, channels, message};
use clap::{Parser, ValueEnum};
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about = "A chat on channel-runtime", long_about = None)]
struct Arguments {
    #[command(flatten)]
    serving: Serving,
    #[command(flatten)]
    threads: Threads,
    /// By whom it is served
    #[arg(long, value_enum, default_value_t = By::Own)]
    serve: By,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The runtime's own server
    Own,
    /// `warp::serve`
    Warp,
}

#[message(type = "chat")]
struct Chat {
    text: String,
}

#[message(type = "echo")]
struct Echo {
    id: u64,
    text: String,
}

#[channel("/ws/:room")]
struct ChatRoom {
    room: String,
}

#[channel(sends(Chat, Echo))]
impl ChatRoom {
    #[message]
    fn chat(&mut self, chat: Chat, socket: &Socket<Self>) {
        socket.room().send(chat);
    }

    #[message]
    fn echo(&mut self, echo: Echo) -> Echo {
        echo
    }
}

fn main() -> io::Result<()> {
    let Arguments { serving, threads, serve } = Arguments::parse();
    serving.begin()?;
    threads.run(async {
        // The load is what is measured, not its refusal.
        let server = channels![ChatRoom].app(()).config(Config::default().message_rate(None));
        match serve {
            By::Own => {
                let bound = server.bind(serving.addr).await?;
                announce(bound.local_addr());
                bound.run().await
            }
            By::Warp => {
                let listener = TcpListener::bind(serving.addr).await?;
                announce(listener.local_addr()?);
                warp::serve(server.filter()).incoming(listener).run().await;
                Ok(())
            }
        }
    })
}

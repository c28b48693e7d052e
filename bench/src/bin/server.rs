//! Our server.

use std::io;

use bench::serving::{Serving, Threads, announce};
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

fn main() -> io::Result<()> {
    let Arguments { serving, threads, serve } = Arguments::parse();
    serving.begin()?;
    threads.run(async {
        let server = bench::room::server();
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

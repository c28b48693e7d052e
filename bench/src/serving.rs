//! How each server of the benchmark is started, and how it says where it is.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use crate::os;

/// The flags that all servers have.
#[derive(Clone, Debug, clap::Args)]
pub struct Serving {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:0")]
    pub addr: SocketAddr,
    /// End with the process that started this one
    #[arg(long)]
    pub with_parent: bool,
}

impl Serving {
    /// What a server does before anything else.
    pub fn begin(&self) -> io::Result<()> {
        os::raise_descriptor_limit();
        if self.with_parent {
            set_parent_process_death_signal(Some(Signal::KILL))?;
        }
        Ok(())
    }
}

/// Which tokio runtime serves.
#[derive(Clone, Debug, clap::Args)]
pub struct Threads {
    /// Workers of tokio's multi-thread runtime; 0 for its current-thread runtime
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
}

impl Threads {
    /// Serves until the server ends.
    pub fn run(&self, server: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        let mut runtime = match self.threads {
            0 => Builder::new_current_thread(),
            workers => {
                let mut runtime = Builder::new_multi_thread();
                runtime.worker_threads(workers);
                runtime
            }
        };
        runtime.enable_all().build()?.block_on(server)
    }
}

/// What [`announce`] begins its line with; address and description follow, each behind one more of these separators.
pub const ANNOUNCEMENT: &str = "listening on ";

/// Between the address and the description.
pub const SEPARATOR: &str = ", ";

/// Says on stdout where the server is, and on which runtime, as that runtime itself sees it.
pub fn announce(addr: SocketAddr) {
    let runtime = Handle::current();
    let flavor = match runtime.runtime_flavor() {
        RuntimeFlavor::CurrentThread => "current_thread",
        RuntimeFlavor::MultiThread => "multi_thread",
        _ => "of an unknown flavour",
    };
    let workers = runtime.metrics().num_workers();
    announce_as(addr, &format!("tokio {flavor} x{workers}"));
}

/// The same for a server without tokio.
pub fn announce_as(addr: SocketAddr, description: &str) {
    println!("{ANNOUNCEMENT}{addr}{SEPARATOR}{description}");
}

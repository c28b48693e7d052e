//! The server's process, from outside.

use std::io;
use std::net::SocketAddr;
use std::process::Command;

use bench::asked::Asked;
use bench::os;

use crate::server::Left;

pub struct Process(Asked);

impl Process {
    /// This program again, as the server.
    pub fn start(threads: usize) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve", "--with-parent", "--threads", &threads.to_string()]);
        Asked::start(&mut command).map(Self)
    }

    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    pub fn ask(&mut self) -> io::Result<Left> {
        self.0.ask()
    }

    pub fn stop(&mut self) -> io::Result<Left> {
        self.0.stop();
        let left = self.0.answer()?;
        let status = self.0.process.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("the server ended with {status}")));
        }
        Ok(left)
    }

    /// Its memory, in bytes.
    pub fn resident(&self) -> io::Result<u64> {
        os::resident(&[self.0.process.id()])
    }
}

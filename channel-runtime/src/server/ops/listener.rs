//! The listener of an operators' port.

use std::io;
use std::net::{TcpListener, ToSocketAddrs};

use crate::server::ops::Ops;

pub(in crate::server) struct OpsListener {
    pub ops: Ops,
    pub listener: TcpListener,
}

pub(super) fn bind(addr: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the operators' address resolves to none");
    for addr in addr.to_socket_addrs()? {
        match TcpListener::bind(addr) {
            Ok(listener) => {
                // The runtime, which takes it over, asks for it.
                listener.set_nonblocking(true)?;
                return Ok(listener);
            }
            Err(error) => {
                last = io::Error::new(error.kind(), format!("can't listen on {addr} for operators: {error}"));
            }
        }
    }
    Err(last)
}

//! The byte stream below an upgraded HTTP connection, whichever server accepted it.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;

use crate::connection::stream::Transport;
use crate::server::timed_stream::TimedStream;

/// A TCP socket if possible, so that every sending thread can write to it. The bytes are copied, to free hyper's buffer of 8 KiB.
pub(crate) fn recover(upgraded: Upgraded) -> (Transport, Vec<u8>) {
    let upgraded = match upgraded.downcast::<TokioIo<TimedStream<TcpStream>>>() {
        Ok(parts) => return (Transport::tcp(parts.io.into_inner().into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => upgraded,
    };
    // `warp::serve` and `axum::serve` use hyper-util's `auto`, other loops hyper's own `http1`.
    let upgraded = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => return (Transport::tcp(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => upgraded,
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => (Transport::tcp(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => (Transport::Other(Box::new(TokioIo::new(upgraded))), Vec::new()),
    }
}

#[cfg(test)]
mod tests;

//! A slow network: a proxy that takes from the server as many bytes a second as such a network does.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

/// One megabit.
pub const BYTES_A_SECOND: usize = 125_000;

/// Lets clients of this listener reach the server.
pub async fn slow(listener: TcpListener, server: SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(tokio::spawn(pass(client, server))),
            // Most often file descriptors are lacking.
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Until one of the two closes its connection.
async fn pass(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // What is in the kernels is on its way, and can't be replaced any more: little, in pieces as short as on a network.
    socket.set_recv_buffer_size(8 * 1024)?;
    #[cfg(unix)]
    socket2::SockRef::from(&socket).set_tcp_mss(1400)?;
    let mut server = socket.connect(server).await?;
    client.set_nodelay(true)?;
    let (mut from_client, to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    tokio::select! {
        told = at_pace(from_server, to_client) => told,
        said = copy(&mut from_client, &mut to_server) => said.map(drop),
    }
}

/// To the end, a fiftieth of a second's bytes at most at a time.
pub async fn at_pace(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut piece = [0; BYTES_A_SECOND / 50];
    let mut free = Instant::now();
    loop {
        let len = from.read(&mut piece).await?;
        if len == 0 {
            return to.shutdown().await;
        }
        // Timers are late by a little, which is made up for, and nothing else is.
        free = free.max(Instant::now() - Duration::from_millis(20))
            + Duration::from_secs(1) * len as u32 / BYTES_A_SECOND as u32;
        to.write_all(&piece[..len]).await?;
        sleep_until(free).await;
    }
}

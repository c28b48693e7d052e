//! A server on a thread, with clients that read what they are sent when they are told to, and others that never do.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream as StdStream;
use std::time::{Duration, Instant};

use channel_runtime::{Channel, Config, Hub, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    Real,
    /// Whoever sleeps is woken as soon as nothing else is to be done.
    Paused,
}

pub struct Side<C> {
    pub runtime: Runtime,
    pub hub: Hub<C>,
    pub reading: Vec<StdStream>,
    /// They are kept open, and never read.
    pub stalled: Vec<StdStream>,
}

impl<C: Channel> Side<C> {
    /// With so many clients that read, and so many that stall.
    pub fn new(server: Server<()>, hub: Hub<C>, path: &str, (reading, stalled): (usize, usize), clock: Clock) -> Self {
        let paused = clock == Clock::Paused;
        let runtime = Builder::new_current_thread().enable_all().start_paused(paused).build().expect("a runtime");
        // Nobody answers a ping.
        let server = server.config(Config::default().ping_interval(None));
        let (reading, stalled) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(server.listen(listener).run());
            let mut clients = Vec::new();
            for n in 0..reading + stalled {
                let socket = TcpSocket::new_v4().expect("a socket");
                if n >= reading {
                    socket.set_recv_buffer_size(16 * 1024).expect("a buffer");
                    // As on a network: a segment of loopback is longer than the window, which then opens late.
                    socket2::SockRef::from(&socket).set_tcp_mss(1000).expect("a size");
                }
                let mut client = socket.connect(addr).await.expect("the server accepts");
                let upgrade = format!(
                    "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                );
                client.write_all(upgrade.as_bytes()).await.expect("the server reads");
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("the server answers"));
                }
                clients.push(client.into_std().expect("a socket"));
            }
            while hub.all().len() < clients.len() {
                yield_now().await;
            }
            let stalled = clients.split_off(reading);
            (clients, stalled)
        });
        Self { runtime, hub, reading, stalled }
    }

    /// What its reading clients were sent. Returns how many bytes each has been sent.
    pub fn take(&mut self) -> usize {
        take(&mut self.reading)
    }
}

/// Returns how many bytes each has been sent.
pub fn take(clients: &mut [StdStream]) -> usize {
    let mut taken = vec![0; 64 * 1024];
    let (mut each, begun) = (0, Instant::now());
    for client in clients {
        each = loop {
            match client.read(&mut taken) {
                Ok(bytes @ 1..) => break bytes,
                // On its way, if the kernel hands it over on another core.
                Err(error) if error.kind() == ErrorKind::WouldBlock && begun.elapsed() < Duration::from_secs(1) => {}
                other => panic!("it was not written to within the time: {other:?}"),
            }
        };
    }
    each
}

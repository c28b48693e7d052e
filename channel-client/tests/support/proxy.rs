//! A TCP proxy that can be broken: it notes the handshakes, and passes bytes, swallows them, refuses, or cuts.

// Each test program uses a part.
#![allow(dead_code)]

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// It has the same address from its begin to its end, so that nobody else is given the port of a server that is away.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    /// `None` while there is no server.
    server: Mutex<Option<SocketAddr>>,
    is_silent: AtomicBool,
    handshakes: Mutex<Vec<(String, Instant)>>,
    links: Mutex<JoinSet<()>>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { server: Mutex::new(Some(server)), ..Shared::default() });
        let mut accepting = JoinSet::new();
        let its = Arc::clone(&shared);
        accepting.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let of_link = Arc::clone(&its);
                // An end of either side is the end of both.
                its.links.lock().unwrap().spawn(async move { _ = link(client, &of_link).await });
            }
        });
        Self { addr, shared, _accepting: accepting }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// Where the next connections go. `None` refuses them.
    pub fn set_server(&self, server: Option<SocketAddr>) {
        *self.shared.server.lock().unwrap() = server;
    }

    /// As a network that swallows everything, both ways, also that an end has gone.
    pub fn set_silent(&self, is_silent: bool) {
        self.shared.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Ends all connections, on both sides, without a Close.
    pub fn cut(&self) {
        *self.shared.links.lock().unwrap() = JoinSet::new();
    }

    /// The path of each handshake, and when it was received.
    pub fn handshakes(&self) -> Vec<(String, Instant)> {
        self.shared.handshakes.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn link(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.contains(&b'\n') {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
    shared.handshakes.lock().unwrap().push((path, Instant::now()));
    let Some(server) = *shared.server.lock().unwrap() else { return Ok(()) };
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    server.write_all(&head).await?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        ended = pass(from_client, to_server, shared) => ended,
        ended = pass(from_server, to_client, shared) => ended,
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let read = from.read(&mut bytes).await;
        let is_silent = shared.is_silent.load(Ordering::Relaxed);
        match read {
            Ok(0) | Err(_) if is_silent => pending().await,
            Ok(0) => return Ok(()),
            Ok(_) if is_silent => {}
            Ok(read) => to.write_all(&bytes[..read]).await?,
            Err(error) => return Err(error),
        }
    }
}

//! A TCP proxy with faults: it holds what goes one way or both, delays it, or cuts all connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// What happens to the bytes of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    #[default]
    Pass,
    Delay(Duration),
    Hold,
}

/// `up` is from who connects to the proxy.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    up: Flow,
    down: Flow,
    cuts: u64,
    to: Option<SocketAddr>,
}

/// Ends with its last clone and its connections.
#[derive(Clone)]
pub struct Proxy {
    pub addr: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Proxy {
    pub async fn start(to: Option<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (state, seen) = watch::channel(State { to, ..State::default() });
        tokio::spawn(accept(listener, seen));
        Ok(Self { addr, state: Arc::new(state) })
    }

    /// New connections go there. `None`: they are ended at once.
    pub fn set_target(&self, to: Option<SocketAddr>) {
        self.state.send_modify(|state| state.to = to);
    }

    pub fn set_flow(&self, up: Flow, down: Flow) {
        self.state.send_modify(|state| (state.up, state.down) = (up, down));
    }

    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}

async fn accept(listener: TcpListener, mut seen: watch::Receiver<State>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                tokio::spawn(serve(stream, seen.clone()));
            }
            changed = seen.changed() => if changed.is_err() { return },
        }
    }
}

async fn serve(client: TcpStream, mut seen: watch::Receiver<State>) {
    let State { to, cuts, .. } = *seen.borrow();
    let Some(to) = to else { return };
    let Ok(server) = TcpStream::connect(to).await else { return };
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
    let up = pass(client_in, server_out, seen.clone(), |state| state.up);
    let down = pass(server_in, client_out, seen.clone(), |state| state.down);
    tokio::select! {
        // Both ways end by themselves, what is held having passed.
        _ = async { tokio::join!(up, down) } => {}
        _ = seen.wait_for(|state| state.cuts > cuts) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut seen: watch::Receiver<State>,
    flow: fn(&State) -> Flow,
) {
    // As much as a link holds: behind it, whoever writes waits.
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(64);
    let current = seen.clone();
    let read = async move {
        loop {
            let mut bytes = vec![0; 16 * 1024];
            let Ok(length @ 1..) = from.read(&mut bytes).await else { return };
            bytes.truncate(length);
            let delay = match flow(&current.borrow()) {
                Flow::Delay(delay) => delay,
                Flow::Pass | Flow::Hold => Duration::ZERO,
            };
            if sender.send((Instant::now() + delay, bytes)).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            if seen.wait_for(|state| flow(state) != Flow::Hold).await.is_err() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}

//! One service on two runtimes, each with a thread and a port of its own: what a process does that has a runtime for each core.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use channel_runtime::Service;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;

use super::over::Stream;
use super::{Raw, connect_with_small_window, within};

pub struct TwoRuntimes {
    pub addrs: [SocketAddr; 2],
    /// Each ends when this is dropped.
    runtimes: [Option<(oneshot::Sender<()>, JoinHandle<()>)>; 2],
    /// How many clients have connected: they take turns.
    clients: AtomicUsize,
}

impl TwoRuntimes {
    pub fn start(service: &Service) -> Self {
        let [one, two] = [(); 2].map(|()| serve(service.clone()));
        Self { addrs: [one.0, two.0], runtimes: [Some(one.1), Some(two.1)], clients: AtomicUsize::new(0) }
    }

    /// Ends one of them, with all of its tasks.
    pub async fn end(&mut self, which: usize) {
        let (stop, thread) = self.runtimes[which].take().expect("it ends once");
        drop(stop);
        within(tokio::task::spawn_blocking(|| thread.join())).await.unwrap().unwrap();
    }

    /// The address of the one whose turn it is.
    fn next(&self) -> SocketAddr {
        self.addrs[self.clients.fetch_add(1, Ordering::Relaxed) % 2]
    }

    /// A client that knows the protocol.
    pub async fn client(&self, path: &str) -> WebSocketStream<Box<dyn Stream>> {
        let addr = self.next();
        let stream: Box<dyn Stream> = Box::new(within(TcpStream::connect(addr)).await.unwrap());
        within(tokio_tungstenite::client_async(format!("ws://{addr}{path}"), stream)).await.unwrap().0
    }

    pub async fn connect_with_small_window(&self) -> Raw {
        connect_with_small_window(self.next()).await
    }
}

/// Serves in a thread of its own, until the sender is dropped.
fn serve(service: Service) -> (SocketAddr, (oneshot::Sender<()>, JoinHandle<()>)) {
    let (stop, stopped) = oneshot::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let accepting = async {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let service = TowerToHyperService::new(service.clone());
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades());
                }
            };
            tokio::select! {
                () = accepting => {}
                // An error: nobody sends.
                _ = stopped => {}
            }
        });
    });
    (addr, (stop, thread))
}

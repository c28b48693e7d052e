//! The other end of an HTTP request: its address, and whether it uses TLS.

use std::net::SocketAddr;

/// The client's address, in a request's extensions: it becomes [`Handshake::remote_addr`](crate::Handshake::remote_addr), and the
/// [bounds](crate::Config::connections_per_ip) for one address count by it.
///
/// [`Server::serve`](crate::Server::serve) sets it, and warp knows the address without it. Below another server, or to trust your
/// own proxy, set it in front of the [`Service`](crate::Service). With axum:
///
/// ```
/// use std::net::SocketAddr;
/// use axum::extract::{ConnectInfo, Request};
/// use axum::{Router, middleware};
/// use channel_runtime::{PeerAddr, channel, channels};
///
/// async fn tell_address(ConnectInfo(client): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
///     request.extensions_mut().insert(PeerAddr(client));
///     request
/// }
///
/// # #[channel("/chat")] pub struct Chat;
/// # #[channel] impl Chat {}
/// # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// let server = channels![Chat].app(());
/// let routes = Router::new()
///     .fallback_service(server.service())
///     .layer(middleware::map_request(tell_address))
///     .into_make_service_with_connect_info::<SocketAddr>();
/// axum::serve(listener, routes).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// An IPv6 socket that also accepts IPv4 reports `::ffff:192.0.2.1` for `192.0.2.1`.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// In a request's extensions, if TLS ends in this server.
#[derive(Clone, Copy)]
pub(crate) struct ByTls;

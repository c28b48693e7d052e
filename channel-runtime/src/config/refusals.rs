//! The setting for how a rejected client is answered: by an HTTP status, or by a WebSocket close that a page can read.

/// How a rejected client is answered, from [`Config::refusals`](crate::Config::refusals).
///
/// With a status the client gets an ordinary HTTP answer, which a page in a browser can't read. With a close the handshake
/// succeeds; then the server sends an error frame and a Close frame, and ends the connection. The close code carries the status:
/// 4000 plus a client error (4401, 4403, 4404, 4429), 1013 for 503, and 1011 for every other server error. Of the headers of a
/// [`Reject`](crate::Reject) only `Retry-After` is sent, as `retry_after_ms` in the error's details:
///
/// ```json
/// {"type":"error","code":"rate_limited","message":"..","timestamp":"..","details":{"retry_after_ms":5000}}
/// ```
///
/// A channel with `on_text` sends no error frame: its Close, with the code and the message as its reason, comes alone.
///
/// These requests are always answered with a status: one that is no valid handshake by RFC 6455, a path that no channel has, a
/// request to a server that is stopping, and a page of another [origin](crate::Origins), because a failed handshake tells such a
/// page least. A client that offers none of a channel's `subprotocols(..)` is answered as the channel says, whatever is set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusals {
    /// A close if the subprotocol `channels.1.json` is agreed, because such a client knows the error frame; else a status. It is
    /// agreed if the client offers it, and offers no name of the channel's `subprotocols(..)` before it. A channel with
    /// `on_text` and a list does not know it, so there it is a status.
    #[default]
    ByOffer,
    /// A status.
    Status,
    /// A close.
    Close,
}

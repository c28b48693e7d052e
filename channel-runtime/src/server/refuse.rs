//! How a client learns that it may not come in: by an HTTP status, or so that a page in a browser can read it.
//!
//! A browser tells a page nothing of a handshake that failed. So a client that speaks our subprotocol is let in as far as the
//! door: its handshake succeeds, it is sent one error frame and a Close, and that is all there is to the connection.

use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use warp::Reply;
use warp::reply::Response;

use crate::connection::close;
use crate::connection::stream::Transport;
use crate::handshake::reject::Reject;
use crate::handshake::upgrade_request::Opening;
use crate::protocol::codec::Head;
use crate::protocol::fault::Fault;
use crate::server::channels::Table;
use crate::socket::frames::fault_frame;
use crate::wire::close::CloseCode;
use crate::wire::frame::close_frame;

/// How a client is refused: from [`Config::refusals`](crate::Config::refusals).
///
/// By a status it is told as any HTTP client is. By a close its handshake succeeds, and what it hears is an error frame and a
/// Close whose code says the status: 4000 and the status where that is a client's error (4401, 4403, 4404, 4429), 1013 for
/// 503, and 1011 for all other failures of the server's own. Of a [`Reject`]'s headers there is only when to come back, as
/// `retry_after_ms` among the error's details:
///
/// ```json
/// {"type":"error","code":"rate_limited","message":"..","timestamp":"..","details":{"retry_after_ms":5000}}
/// ```
///
/// Always a status has what is no handshake as RFC 6455 has it, a path that no channel has, a server that stops, and a page
/// of another [origin](crate::Origins): who sent it is not our user's page, and learns least from a failed handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusals {
    /// By a close where the client offers the subprotocol `channels.1.json`, and so knows what the frame means; else by a
    /// status.
    #[default]
    ByOffer,
    /// By a status.
    Status,
    /// By a close.
    Close,
}

/// Refuses a request that was well formed. Where as many are being turned away as may be, it is a status for all.
pub(crate) fn refuse<A>(table: &Table<A>, opening: Opening, upgrade: OnUpgrade, reject: Reject) -> Response {
    let by_close = match table.config.refusals {
        Refusals::ByOffer => opening.has_offered(),
        Refusals::Status => false,
        Refusals::Close => true,
    };
    let place = if by_close { table.door.turn_away(&table.config) } else { None };
    let Some(place) = place else { return reject.into_response() };
    table.refused.count(reject.status.as_u16());
    let counted = (table.registry.begin_session(), place);
    let patience = table.config.close_timeout;
    tokio::spawn(async move {
        let _counted = counted;
        if let Ok(Ok(upgraded)) = timeout(patience, upgrade).await {
            let (io, _) = Transport::recover(upgraded);
            let code = reject.close_code();
            let reason = reject.message.clone();
            let (mut stream, socket) = io.split();
            let frames = farewell(Some(&Fault::from(reject)), code, &reason);
            close::turn_away(&mut stream, socket, &frames, patience).await;
        }
    });
    opening.uncompressed().accept()
}

/// All that a client hears whose connection does not begin.
pub(crate) fn farewell(fault: Option<&Fault>, code: CloseCode, reason: &str) -> Vec<u8> {
    let error = fault.map(|fault| fault_frame(fault, Head::default()));
    [error.as_deref().unwrap_or_default(), &*close_frame(code, reason)].concat()
}

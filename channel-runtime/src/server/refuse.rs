//! The refusal of a handshake: by an HTTP status, or by an error frame and a Close that a page in a browser can read.
//!
//! A browser hides the status of a failed handshake from the page. So for a client that speaks our subprotocol the handshake
//! succeeds, and the connection is closed after one error frame. A channel of raw text sends no such frame, nor does one that wants
//! a Close for clients that offer none of its subprotocols.

use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use warp::Reply;
use warp::reply::Response;

use crate::config::refusals::Refusals;
use crate::connection::close;
use crate::connection::framework_frames::return_window;
use crate::handshake::admission::RejectionGuard;
use crate::handshake::reject::Reject;
use crate::handshake::subprotocols::not_agreed;
use crate::handshake::upgrade_request::UpgradeRequest;
use crate::protocol::fault::Fault;
use crate::protocol::subprotocols::Subprotocols;
use crate::server::table::RouteTable;
use crate::server::upgrade::recover;
use crate::session::rejection::{not_acceptable, rejection_frames};
use crate::wire::close::CloseCode;

pub(crate) fn refuse<A>(
    table: &RouteTable<A>,
    request: UpgradeRequest,
    upgrade: OnUpgrade,
    known: &Subprotocols,
    reject: Reject,
) -> Response {
    let by_close = match table.config.refusals {
        Refusals::ByOffer => request.subprotocol.is_ours(),
        Refusals::Status => false,
        Refusals::Close => true,
    };
    let place = if by_close { table.admission.begin_rejection(&table.config) } else { None };
    let Some(place) = place else { return reject.into_response() };
    table.refused.count(reject.status.as_u16());
    let (code, reason) = (reject.close_code(), reject.message.clone());
    let fault = (!known.is_foreign).then(|| Fault::from(reject));
    let is_knowing = matches!(request.hello, Ok(Some(_)));
    let return_window = is_knowing.then(|| return_window(table.node.registry.len()));
    let frames = rejection_frames(fault, code, &reason, return_window);
    accept_and_close(table, request, upgrade, place, frames)
}

pub(crate) fn refuse_offers<A>(
    table: &RouteTable<A>,
    request: UpgradeRequest,
    upgrade: OnUpgrade,
    known: &Subprotocols,
    code: CloseCode,
) -> Response {
    let reject = not_agreed(known);
    let Some(place) = table.admission.begin_rejection(&table.config) else { return reject.into_response() };
    table.refused.count(reject.status.as_u16());
    accept_and_close(table, request, upgrade, place, not_acceptable(code))
}

/// The last of these frames is a Close.
fn accept_and_close<A>(
    table: &RouteTable<A>,
    request: UpgradeRequest,
    upgrade: OnUpgrade,
    place: RejectionGuard,
    frames: Vec<u8>,
) -> Response {
    let counted = (table.node.shutdown.begin_session(), place);
    let patience = table.config.close_timeout;
    tokio::spawn(async move {
        let _counted = counted;
        if let Ok(Ok(upgraded)) = timeout(patience, upgrade).await {
            let (io, _) = recover(upgraded);
            let (mut stream, socket) = io.split();
            close::reject_client(&mut stream, socket, &frames, patience).await;
        }
    });
    request.uncompressed().accept()
}

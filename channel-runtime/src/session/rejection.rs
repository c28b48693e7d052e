//! What a client is sent whose connection is rejected after the upgrade: one error frame and a Close.

use crate::channel::Channel;
use crate::protocol::codec::Head;
use crate::protocol::fault::Fault;
use crate::socket::frames::fault_frame;
use crate::wire::close::CloseCode;
use crate::wire::frame::close_frame;

#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    pub fault: Option<Fault>,
    pub code: CloseCode,
    pub reason: &'static str,
}

impl Rejection {
    pub fn going_away() -> Self {
        Self { fault: None, code: CloseCode::GOING_AWAY, reason: "the server goes away" }
    }

    pub fn frames(&self) -> Vec<u8> {
        rejection_frames(self.fault.as_ref(), self.code, self.reason)
    }

    pub fn failed<C: Channel>(fault: Fault) -> Self {
        let code = fault.decided_close_code().unwrap_or(CloseCode::TRY_AGAIN);
        Self { fault: C::READS_FLAT.then_some(fault), code, reason: "the room can't be opened" }
    }
}

/// The Close for a client that offers none of the channel's subprotocols; the protocol that it speaks may have no error frame.
pub(crate) fn not_acceptable(code: CloseCode) -> Vec<u8> {
    rejection_frames(None, code, "subprotocol not acceptable")
}

pub(crate) fn rejection_frames(fault: Option<&Fault>, code: CloseCode, reason: &str) -> Vec<u8> {
    let error = fault.map(|fault| fault_frame(fault, Head::default()));
    [error.as_deref().unwrap_or_default(), &*close_frame(code, reason)].concat()
}

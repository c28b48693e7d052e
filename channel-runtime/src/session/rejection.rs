//! What a client is sent whose connection is rejected after the upgrade: one error frame and a Close.

use serde_json::Value;

use crate::channel::Channel;
use crate::connection::framework_frames::{announcement, closing, is_announced, moving_window};
use crate::protocol::codec::Head;
use crate::protocol::fault::Fault;
use crate::socket::frames::fault_frame;
use crate::wire::close::{Close, CloseCode};
use crate::wire::frame::{close_frame, close_reply};

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

    /// `return_window` is that of a knowing client, in milliseconds.
    pub fn frames(self, return_window: Option<u32>) -> Vec<u8> {
        rejection_frames(self.fault, self.code, self.reason, return_window)
    }

    pub fn failed<C: Channel>(fault: Fault) -> Self {
        let code = fault.decided_close_code().unwrap_or(CloseCode::TRY_AGAIN);
        Self { fault: C::READS_FLAT.then_some(fault), code, reason: "the room can't be opened" }
    }
}

/// The Close for a client that offers none of the channel's subprotocols; the protocol that it speaks may have no error frame.
pub(crate) fn not_acceptable(code: CloseCode) -> Vec<u8> {
    rejection_frames(None, code, "subprotocol not acceptable", None)
}

/// `return_window` is that of a knowing client, in milliseconds: it is told when to come back.
pub(crate) fn rejection_frames(
    mut fault: Option<Fault>,
    code: CloseCode,
    reason: &str,
    return_window: Option<u32>,
) -> Vec<u8> {
    let retry_after = return_window.zip(fault.as_mut()).and_then(|(window, fault)| spread(fault, window));
    let error = fault.map(|fault| fault_frame(&fault, Head::default()));
    let closing = return_window.filter(|_| is_announced(code)).map(|window| closing(retry_after.unwrap_or(0), window));
    [error.as_deref().unwrap_or_default(), closing.as_deref().unwrap_or_default(), &*close_frame(code, reason)].concat()
}

/// Adds the window in which all return who were told to wait, if they were. Returns for how long.
fn spread(fault: &mut Fault, return_window: u32) -> Option<u64> {
    let Value::Object(details) = &mut fault.details else { return None };
    let retry_after = details.get("retry_after_ms")?.as_u64()?;
    details.entry("retry_window_ms").or_insert_with(|| return_window.into());
    Some(retry_after)
}

/// For a connection that ends before it has entered. One that is moved comes at once.
pub(crate) fn farewell(close: &Close, return_window: Option<u32>) -> Vec<u8> {
    let Some(goodbye) = close_reply(close) else { return Vec::new() };
    let return_window =
        if close.moved_to().is_some() { return_window.map(|_| moving_window(1)) } else { return_window };
    let closing = return_window.and_then(|window| announcement(close, window));
    [closing.as_deref().unwrap_or_default(), &*goodbye].concat()
}

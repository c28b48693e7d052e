//! A client that waits for its room to open: it is read from up to the usual bounds, so that its end is noticed.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;

use crate::connection::close;
use crate::connection::receiver::{ReadBatch, Receiver, STREAM_ENDED, close_in};
use crate::handshake::admission::AdmissionGuard;
use crate::wire::close::Close;
use crate::wire::deflate::Agreed;

/// A client whose connection is accepted and is no session yet.
pub(super) struct Client {
    pub receiver: Receiver,
    pub socket: Option<OwnedWriteHalf>,
    pub read_ahead: Vec<u8>,
    pub has_ended: bool,
    pub deflate: Option<Agreed>,
    pub admission: AdmissionGuard,
}

impl Client {
    /// Ready when the client has left or violated the protocol. Not if it sent a message before: that is handled.
    pub fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Close> {
        while !self.has_ended && !self.receiver.is_full() {
            let came = match std::mem::take(&mut self.read_ahead) {
                empty if empty.is_empty() => ready!(self.receiver.poll_read(cx)),
                mut read_ahead => Ok(Some(self.receiver.feed(&mut read_ahead))),
            };
            let left = match came {
                Ok(Some(ReadBatch { result: Err(violation), .. })) => return Poll::Ready(violation.into()),
                Ok(Some(ReadBatch { before, .. })) => self.receiver.count(&before).find_map(close_in),
                Ok(None) => Some(Close::lost(STREAM_ENDED)),
                Err(error) => Some(Close::lost(error.to_string())),
            };
            match left {
                Some(close) if !self.receiver.has_message() => return Poll::Ready(close),
                left => self.has_ended = left.is_some(),
            }
        }
        Poll::Pending
    }

    pub async fn reject(mut self, frames: &[u8], patience: Duration) {
        close::reject_client(self.receiver.stream(), self.socket.take(), frames, patience).await;
    }
}

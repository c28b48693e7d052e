//! Parcels that were received and not taken yet, bounded by bytes. The client bounds them by number, which says little of parcels of
//! one byte and of one mebibyte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::select;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::unconstrained;

/// Bytes that wait, at most. A parcel beyond is dropped: one that is numbered is found by its number, and of others it is said.
pub(super) const MOST: usize = 64 << 20;

pub(super) struct Unread {
    parcels: UnboundedReceiver<Bytes>,
    bytes: Arc<AtomicUsize>,
    has_dropped: Arc<AtomicBool>,
}

impl Unread {
    /// What both receive, each in its order.
    pub fn of(lane: Subscriber, own: Subscriber) -> Self {
        let (sender, parcels) = unbounded_channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        // The client reads as much as its socket has before anybody else has a turn. So all that is there is taken in one turn too.
        let has_dropped = Arc::new(AtomicBool::new(false));
        tokio::spawn(unconstrained(take(lane, own, sender, Arc::clone(&bytes), Arc::clone(&has_dropped))));
        Self { parcels, bytes, has_dropped }
    }

    /// Since it was last asked.
    pub fn has_dropped(&self) -> bool {
        // Each parcel asks: the usual is a look.
        self.has_dropped.load(Ordering::Relaxed) && self.has_dropped.swap(false, Ordering::Relaxed)
    }

    /// `None` when both have ended, and all that was received is taken.
    pub async fn next(&mut self) -> Option<Bytes> {
        let parcel = self.parcels.recv().await?;
        self.bytes.fetch_sub(parcel.len(), Ordering::Relaxed);
        Some(parcel)
    }
}

async fn take(
    lane: Subscriber,
    own: Subscriber,
    parcels: UnboundedSender<Bytes>,
    bytes: Arc<AtomicUsize>,
    has_dropped: Arc<AtomicBool>,
) {
    let mut both = select(lane, own);
    let mut warned = false;
    loop {
        let received = tokio::select! {
            received = both.next() => received,
            () = parcels.closed() => return,
        };
        let Some(parcel) = received.map(|message| message.payload) else { return };
        let length = parcel.len();
        if bytes.fetch_add(length, Ordering::Relaxed) + length <= MOST {
            // Whoever took them may just have gone.
            let _ = parcels.send(parcel);
            continue;
        }
        bytes.fetch_sub(length, Ordering::Relaxed);
        has_dropped.store(true, Ordering::Relaxed);
        if !warned {
            tracing::warn!("parcels of the bus are dropped: {} MiB wait unread", MOST >> 20);
            warned = true;
        }
    }
}

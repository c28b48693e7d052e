//! The batches of one channel, whatever the types of their messages.

use std::any::Any;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Batches(Mutex<Vec<Arc<dyn AnyBatch>>>);

pub(super) trait AnyBatch: Any + Send + Sync {
    fn submitted(&self) -> u64;

    fn is_done(&self, submitted: u64) -> bool;

    fn ended(&self) -> &Notify;
}

impl Batches {
    pub(super) fn get<B: AnyBatch>(&self, make: impl FnOnce() -> B) -> Arc<B> {
        let mut batchers = self.0.lock();
        let known = batchers.iter().find_map(|batcher| {
            let batcher: Arc<dyn Any + Send + Sync> = Arc::clone(batcher) as _;
            batcher.downcast().ok()
        });
        known.unwrap_or_else(|| {
            let batcher = Arc::new(make());
            batchers.push(Arc::clone(&batcher) as _);
            batcher
        })
    }

    /// Waits until all messages that have been submitted by now are done with.
    pub async fn flushed(&self) {
        let batchers: Vec<_> = self.0.lock().iter().map(|batcher| (Arc::clone(batcher), batcher.submitted())).collect();
        for (batcher, submitted) in batchers {
            loop {
                // Made before the check, so that no end between the two is missed.
                let ended = batcher.ended().notified();
                if batcher.is_done(submitted) {
                    break;
                }
                ended.await;
            }
        }
    }
}

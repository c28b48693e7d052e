//! The documents that nobody has open. Stands in for a database.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::document::Document;
use super::protocol::is_empty;

pub struct Shelf {
    /// The most bytes of one document.
    pub document_bytes: usize,
    /// The most bytes of all that are kept here. At one more, those that were open longest ago are forgotten.
    pub bytes: usize,
    /// By name; what was put here last stands last.
    documents: Mutex<VecDeque<(String, Vec<u8>)>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::new(8 << 20, 256 << 20)
    }
}

impl Shelf {
    /// Finding one by its name is a walk past all of them.
    const MOST: usize = 1000;

    pub fn new(document_bytes: usize, bytes: usize) -> Self {
        Self { document_bytes, bytes, documents: Mutex::default() }
    }

    /// An empty one if there is none of this name.
    pub fn take(&self, name: &str) -> Document {
        let mut documents = self.documents();
        let at = documents.iter().position(|(each, _)| each == name);
        let taken = at.and_then(|at| documents.remove(at));
        // Reading a large one takes milliseconds.
        drop(documents);
        match taken {
            Some((_, update)) => Document::read(&update, self.document_bytes),
            None => Document::new(self.document_bytes),
        }
    }

    pub fn put(&self, name: &str, document: &Document) {
        let update = document.to_update();
        if is_empty(&update) {
            return;
        }
        let mut documents = self.documents();
        documents.push_back((name.to_owned(), update));
        let mut bytes: usize = documents.iter().map(|(_, update)| update.len()).sum();
        while bytes > self.bytes || documents.len() > Self::MOST {
            let Some((_, forgotten)) = documents.pop_front() else { break };
            bytes -= forgotten.len();
        }
    }

    fn documents(&self) -> MutexGuard<'_, VecDeque<(String, Vec<u8>)>> {
        // A panic while the lock is held leaves nothing half done.
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

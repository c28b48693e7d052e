//! A document: what was written, and who has it open.

use channel_runtime::CloseCode;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update};

use super::presence::Presence;
use super::protocol::is_count_possible;

pub struct Document {
    doc: Doc,
    most: usize,
    /// The bytes of the document when it was last counted, and of all updates since then: never less than it has.
    at_most: usize,
    pub presence: Presence,
}

/// Why a client is closed. `y-websocket` does not reconnect after these codes, because it would be closed again.
#[derive(Debug)]
pub enum Refused {
    Malformed,
    TooLarge,
}

impl Refused {
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Malformed => CloseCode::BAD_REQUEST,
            Self::TooLarge => CloseCode::new(4413).expect("below 5000"),
        }
    }

    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "not a message of y-websocket",
            Self::TooLarge => "the document would be too large",
        }
    }
}

impl Document {
    /// An empty one.
    pub fn new(most: usize) -> Self {
        Self { doc: Doc::new(), most, at_most: 0, presence: Presence::default() }
    }

    /// One that was written before, by `to_update`.
    pub fn read(update: &[u8], most: usize) -> Self {
        let mut document = Self::new(most);
        document.integrate(update).expect("the server has written it");
        document
    }

    /// The state vector: how much of each author's writing it has.
    pub fn version(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// What was written since that version, as one update.
    pub fn since(&self, version: &[u8]) -> Result<Vec<u8>, Refused> {
        let version = is_count_possible(version).then(|| StateVector::decode_v1(version));
        let Some(Ok(version)) = version else { return Err(Refused::Malformed) };
        Ok(self.doc.transact().encode_state_as_update_v1(&version))
    }

    /// All of it, as one update.
    pub fn to_update(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    pub fn write(&mut self, update: &[u8]) -> Result<(), Refused> {
        if self.at_most + update.len() > self.most {
            // What was deleted takes no room any more. An eighth must be free, otherwise each further update would be counted.
            self.at_most = self.to_update().len();
            if self.at_most + update.len() > self.most - self.most / 8 {
                return Err(Refused::TooLarge);
            }
        }
        self.integrate(update)
    }

    fn integrate(&mut self, update: &[u8]) -> Result<(), Refused> {
        let decoded = is_count_possible(update).then(|| Update::decode_v1(update));
        let Some(Ok(decoded)) = decoded else { return Err(Refused::Malformed) };
        self.doc.transact_mut().apply_update(decoded).map_err(|_| Refused::Malformed)?;
        self.at_most += update.len();
        Ok(())
    }
}

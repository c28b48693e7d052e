//! The model of a list of channels.

use syn::{LitStr, Type};

use super::lock_file::Section;
use crate::syntax::runtime_path::Runtime;

/// The environment variable, `accept` in it accepts a change of the lock.
pub const VARIABLE: &str = "CHANNELS_LOCK";

pub struct List {
    pub channels: Vec<Type>,
    /// `None` if none is written, or it can't be read.
    pub lock: Option<Lock>,
    pub runtime: Runtime,
}

pub struct Lock {
    pub file: LitStr,
    pub command: String,
    /// The file's content; `None` while a change is being accepted.
    pub sections: Option<Vec<Section>>,
}

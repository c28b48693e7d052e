//! What is seen of a connection that is present.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::connection::contained::Contained;

/// What is seen of a connection. Clones share it.
#[derive(Clone)]
pub struct Shown {
    /// A JSON object without its opening brace, behind a comma if it has fields: `,"cursor":7}`.
    pub(super) json: Arc<str>,
    value: Arc<Contained<Box<dyn Any + Send + Sync>>>,
}

impl Shown {
    /// `json` is an object.
    pub(crate) fn new<S: Send + Sync + 'static>(json: &str, value: S) -> Self {
        let rest = json.strip_prefix('{').unwrap_or(json);
        let json = if rest.trim_start() == "}" { "}".into() } else { format!(",{rest}").into() };
        Self { json, value: Arc::new(Contained::new(Box::new(value))) }
    }

    /// `None` if it is of another type.
    pub(crate) fn value<S: 'static>(&self) -> Option<&S> {
        self.value.downcast_ref()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shown").field(&self.json).finish()
    }
}

//! An object while its schema is being put together.

use crate::contract::json::{Json, Object};

/// What an object is made of.
#[derive(Default)]
pub struct Shape {
    pub properties: Object,
    pub required: Vec<String>,
    /// What else has to hold: enums whose keys stand beside the properties.
    pub all_of: Vec<Object>,
    /// The values of keys that are no properties. `None` if they are ignored.
    pub rest: Option<Object>,
    /// Whether keys that are no properties are refused. Only readers refuse them, and a client is told to ignore them.
    pub closed: bool,
    /// The types that are being flattened, which may contain themselves.
    pub within: Vec<String>,
}

impl Shape {
    pub fn require(&mut self, key: &str, schema: impl Into<Json>) {
        self.properties.set(key, schema);
        if !self.required.iter().any(|known| known == key) {
            self.required.push(key.into());
        }
    }
}

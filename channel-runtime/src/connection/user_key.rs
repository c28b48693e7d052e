//! The key of a user.

use std::any::TypeId;
use std::sync::Arc;

/// A user on all channels of an app: the type of the identity, and the text that the identity writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserKey(Arc<Identified>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Identified {
    kind: TypeId,
    name: Box<str>,
}

impl UserKey {
    pub fn new<K: ToString + 'static>(identity: &K) -> Self {
        Self::named::<K>(identity)
    }

    /// The key of an identity of type `K` that writes the same text as `name`.
    pub fn named<K: 'static>(name: &(impl ToString + ?Sized)) -> Self {
        Self(Arc::new(Identified { kind: TypeId::of::<K>(), name: name.to_string().into() }))
    }

    #[cfg(feature = "cluster")]
    /// As [`named`](Self::named), of a type that is known by its number alone.
    pub fn of_kind(kind: TypeId, name: &str) -> Self {
        Self(Arc::new(Identified { kind, name: name.into() }))
    }

    pub fn kind(&self) -> TypeId {
        self.0.kind
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }
}

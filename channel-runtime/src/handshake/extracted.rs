//! What an extractor needs, looked up as in `describe::probe`: a type that is no extractor is another error.

use std::marker::PhantomData;

use crate::handshake::Extract;
use crate::protocol::describe::Needs;

/// `Extracted::<T, App>::NEEDS`
#[derive(Debug)]
pub struct Extracted<T, App>(PhantomData<(T, App)>);

impl<App, T: Extract<App>> Extracted<T, App> {
    /// What the extractor needs.
    pub const NEEDS: Needs = T::NEEDS;
}

/// For types that are no extractors.
pub trait NotExtracted {
    /// Nothing is known.
    const NEEDS: Needs = Needs::NOTHING;
}

impl<T, App> NotExtracted for Extracted<T, App> {}

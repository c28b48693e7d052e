//! Containment of panics in the app's code, its destructors included: the caller goes on.
//!
//! A value that may be dropped with others is [`Contained`]: a second panic while the first unwinds would abort the program.

use std::any::type_name;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

pub(crate) fn contain<R>(act: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        // The payload is the app's, and so is its destructor.
        if let Err(next) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(next);
        }
        Panicked
    })
}

pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The caller contains the value's drop.
    pub fn into_inner(mut self) -> T {
        self.0.take().expect(PRESENT)
    }
}

const PRESENT: &str = "it is taken out by value alone";

impl<T> Deref for Contained<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect(PRESENT)
    }
}

impl<T> DerefMut for Contained<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(PRESENT)
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let Some(value) = self.0.take() else { return };
        if contain(|| drop(value)).is_err() {
            tracing::error!(value = type_name::<T>(), "a destructor panicked");
        }
    }
}

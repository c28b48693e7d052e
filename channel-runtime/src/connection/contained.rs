//! Panics of the app's code, its destructors included: each ends where it began, and whoever called goes on.
//!
//! A value of the app's that the server holds is held in a [`Contained`], wherever it may be dropped beside something else: a
//! second panic while the first unwinds would abort the program, and a task that ends by one leaves its work to nobody.

use std::any::type_name;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The app's code has panicked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

/// Runs code of the app's.
///
/// # Errors
/// Where it panics.
pub(crate) fn contain<R>(act: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        // The app's too, and so is its destructor.
        if let Err(next) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // What can't be dropped twice over is not dropped.
            std::mem::forget(next);
        }
        Panicked
    })
}

/// A value of the app's whose destructor may panic.
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The value, for whoever sees to its end.
    pub fn into_inner(mut self) -> T {
        self.0.take().expect(PRESENT)
    }
}

/// Why there is a value.
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

//! Reports a non-`Send` argument of a handler at the argument's type, so that the compiler does not report it for the future, too.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// `SendCheck::<T>::future`: an associated function of the type itself is found before one of a trait, and is there only where its
/// bound holds.
#[derive(Debug)]
pub struct SendCheck<T>(PhantomData<T>);

impl<T: Send> SendCheck<T> {
    /// As it is.
    pub fn future<F>(future: F) -> F {
        future
    }
}

/// For a `T` that is not `Send`.
pub trait NotSend {
    /// Something that is, in the place of the future.
    fn future<F: Future>(future: F) -> Unsent<F>;
}

impl<T> NotSend for SendCheck<T> {
    fn future<F: Future>(_: F) -> Unsent<F> {
        Unsent(PhantomData)
    }
}

/// Stands for a future in a program that is not compiled.
#[derive(Debug)]
pub struct Unsent<F>(PhantomData<fn() -> F>);

impl<F: Future> Future for Unsent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<F::Output> {
        unreachable!("the compiler has refused this program")
    }
}

/// Asserts that a hook's future is `Send`, at the user's own token.
///
/// What comes out is the future itself: to the compiler, an opaque one around it is twice the work. Where it is not `Send`,
/// the method of ours that awaits it has an error already, and is not told of a second time.
pub fn send<F: Send>(future: F) -> F {
    future
}

//! Reports a non-`Send` argument of a handler at the argument's type, so that the compiler does not report it for the future, too.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// `SendCheck::<T>::future`, found as in `describe::probe`.
#[derive(Debug)]
pub struct SendCheck<T>(PhantomData<T>);

impl<T: Send> SendCheck<T> {
    /// Returns its argument.
    pub fn future<F>(future: F) -> F {
        future
    }
}

/// For a `T` that is not `Send`.
pub trait NotSend {
    /// A future that is `Send`, in place of the handler's.
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

/// Asserts that a hook's future is `Send`, at the user's token, and returns it: an opaque type would double the compiler's work.
pub fn send<F: Send>(future: F) -> F {
    future
}

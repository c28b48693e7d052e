//! The initial state of a path's room, if it is the type's `Default`.

use std::marker::PhantomData;

/// The state's type as it is written, and its `Default` where it has one.
pub type InitialState<S> = (&'static str, Option<fn() -> S>);

/// That of a channel whose rooms have none.
pub const NO_STATE: InitialState<()> = ("()", Some(|| ()));

/// `DefaultOf::<S>::NEW`: an associated constant of the type itself is found before one of a trait, and is there only where its
/// bound holds.
#[derive(Debug)]
pub struct DefaultOf<S>(PhantomData<S>);

impl<S: Default> DefaultOf<S> {
    /// Makes one.
    pub const NEW: Option<fn() -> S> = Some(S::default);
}

/// For types without it.
pub trait NoDefault {
    /// The type.
    type State;
    /// There is none.
    const NEW: Option<fn() -> Self::State> = None;
}

impl<S> NoDefault for DefaultOf<S> {
    type State = S;
}

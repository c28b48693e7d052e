//! The initial state of a path's room, if it is the type's `Default`.

use std::marker::PhantomData;

/// The state's type as the user wrote it, and its `Default`. `None` if it has no `Default`.
pub type InitialState<S> = (&'static str, Option<fn() -> S>);

/// That of a channel whose rooms have no state.
pub const NO_STATE: InitialState<()> = ("()", Some(|| ()));

/// `DefaultOf::<S>::NEW`, found as in `describe::probe`.
#[derive(Debug)]
pub struct DefaultOf<S>(PhantomData<S>);

impl<S: Default> DefaultOf<S> {
    /// Makes the default.
    pub const NEW: Option<fn() -> S> = Some(S::default);
}

/// For types without a `Default`.
pub trait NoDefault {
    /// The type of the state.
    type State;
    /// There is no default.
    const NEW: Option<fn() -> Self::State> = None;
}

impl<S> NoDefault for DefaultOf<S> {
    type State = S;
}

//! What an extractor reads from a handshake, in constants.

/// What an extractor reads from a handshake, for [`Extract::NEEDS`](crate::Extract::NEEDS).
///
/// ```
/// use channel_runtime::describe::Needs;
///
/// const ONE: Needs = Needs::query("name");
/// const BOTH: Needs = Needs::all(&[Needs::query("name"), Needs::header("x-device").optional()]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    pub(crate) of: NeedsOf,
    /// Whether a client may leave it out.
    pub(crate) is_optional: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum NeedsOf {
    Token,
    Query(&'static str),
    Header(&'static str),
    All(&'static [Needs]),
}

impl Needs {
    /// Nothing that a client must know of.
    pub const NOTHING: Self = Self::all(&[]);

    /// The client's token, in one of the places where [`Auth`](crate::Auth) looks for it.
    pub const TOKEN: Self = Self::of(NeedsOf::Token);

    /// A parameter of the query.
    pub const fn query(name: &'static str) -> Self {
        Self::of(NeedsOf::Query(name))
    }

    /// A header. A page of a browser can't set one.
    pub const fn header(name: &'static str) -> Self {
        Self::of(NeedsOf::Header(name))
    }

    /// All of these.
    pub const fn all(needs: &'static [Self]) -> Self {
        Self::of(NeedsOf::All(needs))
    }

    /// The same, if a client without it is not refused.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    const fn of(of: NeedsOf) -> Self {
        Self { of, is_optional: false }
    }
}

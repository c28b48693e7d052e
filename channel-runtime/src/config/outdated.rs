//! The setting for clients that were made for another wire than the channel's.

/// What happens to a client that was made for an older wire which a change has broken, from
/// [`Config::outdated`](crate::Config::outdated).
///
/// Generated clients say for which wire they were made. A server knows from its [lock](macro@crate::channels#older-clients) which
/// older ones still work: see [`Compatibility`](crate::Compatibility).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outdated {
    /// It connects, and is told: `"outdated":"breaks"` in its `$joined`.
    #[default]
    Welcome,
    /// It is refused with the status 426, or with the fault `outdated` and the close code 4426. Clients whose wire is not known
    /// connect all the same.
    Refuse,
}

//! Who is asking: from a token, wherever a client can put one, to a value of the app's own type.

use std::fmt;
use std::future::Future;
use std::ops::Deref;

use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::handshake::{Extract, Handshake};

/// Where a token stands in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenSource {
    /// The header `Authorization: Bearer ..`, for all clients but browsers, which can't set it.
    Bearer,
    /// Among the offered subprotocols, as `channels.token.` and the token: see [`Handshake::subprotocol_token`]. The one
    /// place where a page can put a token that stays out of the URL.
    Subprotocol,
    /// The cookie of this name. A browser sends it whatever page asks, so the [`Origins`](crate::Origins) are what keeps
    /// other sites' pages from using it.
    Cookie(&'static str),
    /// The query parameter of this name. URLs end in the logs of proxies and in the history of browsers: only for tokens
    /// that are good once, or for a minute.
    Query(&'static str),
}

impl TokenSource {
    /// All of them, in the order in which they are looked at: the header, the subprotocol, the cookie `token`, the query
    /// parameter `token`.
    pub const USUAL: &'static [Self] = &[Self::Bearer, Self::Subprotocol, Self::Cookie("token"), Self::Query("token")];

    /// The token, where there is one; an empty one is none. One that is no text is there, and nobody's: what of it is not UTF-8
    /// stands there as U+FFFD, so that it is refused, and no other place is looked at.
    pub fn token(self, handshake: &Handshake) -> Option<Token> {
        let token = match self {
            Self::Bearer => handshake.bearer_token(),
            Self::Subprotocol => handshake.subprotocol_token(),
            Self::Cookie(name) => handshake.cookie_token(name),
            Self::Query(name) => handshake.query_token(name),
        };
        token.filter(|token| !token.expose().is_empty())
    }
}

/// What a token stands for: a user, a session, a device. An app says what its tokens mean, and [`Auth`] finds them.
///
/// ```
/// use channel_runtime::{Auth, Authenticate, Reject, Token, channel};
///
/// pub struct App { secret: String }
///
/// pub struct Operator;
///
/// impl Authenticate<App> for Operator {
///     async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
///         if token.matches(&app.secret) { Ok(Self) } else { Err(Reject::unauthorized("invalid token")) }
///     }
/// }
///
/// #[channel("/console", app = App)]
/// pub struct Console {
///     #[extract]
///     operator: Auth<Operator>,
/// }
/// # #[channel] impl Console {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a token for an app of type `{App}`",
    label = "no `Authenticate<{App}>`",
    note = "implement `Authenticate<{App}>` for `{Self}`"
)]
pub trait Authenticate<App>: Sized {
    /// Where its tokens stand, in the order in which they are looked at. The first that is there counts: where it is no good,
    /// the others are not tried.
    const SOURCES: &'static [TokenSource] = TokenSource::USUAL;

    /// Whom the token stands for. What is wrong with a bad one is nothing that its bearer should learn: one text for all.
    ///
    /// # Errors
    /// How the handshake is refused: [`Reject::unauthorized`] for a token that is no good.
    fn authenticate(token: Token, app: &App) -> impl Future<Output = Result<Self, Reject>> + Send;
}

/// Extracts what a token stands for; see [`Authenticate`].
///
/// Without a token the handshake is refused with 401. `Option<Auth<T>>` is nothing then, and still refuses a bad one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Auth<T>(pub T);

impl<T> Auth<T> {
    /// The same from a token that came otherwise, such as in `on_refresh`.
    ///
    /// # Errors
    /// What [`Authenticate::authenticate`] says.
    pub async fn from_token<App: Sync>(token: Token, app: &App) -> Result<Self, Reject>
    where
        T: Authenticate<App>,
    {
        T::authenticate(token, app).await.map(Self)
    }
}

impl<App: Sync, T: Authenticate<App>> Extract<App> for Auth<T> {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let token = T::SOURCES.iter().find_map(|source| source.token(handshake));
        Self::from_token(token.ok_or_else(|| Reject::absent("a token is needed"))?, app).await
    }
}

impl<T> Deref for Auth<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Auth<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.0).finish()
    }
}

//! The close code of a fault: what a connection closes with if the fault ends it.

use crate::protocol::fault::Fault;
use crate::wire::close::CloseCode;

impl Fault {
    /// Sets the code that the connection closes with if this fault ends it, for a page that acts on the code without reading the
    /// error frame. An application's own codes are 4000 to 4999.
    ///
    /// ```
    /// use channel_runtime::{CloseCode, Fault};
    ///
    /// const FULL: CloseCode = CloseCode::new(4001).unwrap();
    ///
    /// # struct Game { players: usize }
    /// # impl Game {
    /// fn on_connect(&mut self) -> Result<(), Fault> {
    ///     if self.players == 2 {
    ///         return Err(Fault::new("game.full", "Game is full").with_close_code(FULL));
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// # assert!(Game { players: 2 }.on_connect().is_err());
    /// ```
    ///
    /// A fault ends a connection if `on_connect` returns it, or if `on_room_open` or `on_reauthorize` of the path's own room does,
    /// and nowhere else. The error frame does not contain the code.
    #[must_use]
    pub fn with_close_code(mut self, code: CloseCode) -> Self {
        self.closes_with = Some(code.as_u16());
        self
    }

    pub(crate) fn own_close_code(&self) -> Option<CloseCode> {
        self.closes_with.and_then(CloseCode::new)
    }

    pub(crate) fn close_code(&self) -> CloseCode {
        self.decided_close_code().unwrap_or(match &*self.code {
            Self::MALFORMED | Self::UNKNOWN_TYPE | Self::INVALID_PAYLOAD | Self::VALIDATION | Self::REFUSED => {
                CloseCode::BAD_REQUEST
            }
            _ => CloseCode::FORBIDDEN,
        })
    }

    /// If the fault decides whether a client should try again. `None` for wrong messages, and for codes that are not ours.
    pub(crate) fn decided_close_code(&self) -> Option<CloseCode> {
        self.own_close_code().or(match &*self.code {
            Self::UNAUTHORIZED => Some(CloseCode::UNAUTHORIZED),
            Self::FORBIDDEN => Some(CloseCode::FORBIDDEN),
            Self::RATE_LIMITED => Some(CloseCode::TOO_MANY),
            Self::NOT_FOUND => Some(CloseCode::NOT_FOUND),
            Self::OUTDATED => CloseCode::new(4426),
            Self::UNAVAILABLE | Self::TIMEOUT => Some(CloseCode::TRY_AGAIN),
            Self::INTERNAL => Some(CloseCode::INTERNAL),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_closes_with_one_that_a_page_can_tell_from_others() {
        let close = |code| Fault::new(code, "").close_code().as_u16();
        for (code, closes) in [
            ("game.full", 4403),
            (Fault::UNAUTHORIZED, 4401),
            (Fault::FORBIDDEN, 4403),
            (Fault::NOT_FOUND, 4404),
            (Fault::RATE_LIMITED, 4429),
            (Fault::MALFORMED, 4400),
            (Fault::UNKNOWN_TYPE, 4400),
            (Fault::INVALID_PAYLOAD, 4400),
            (Fault::VALIDATION, 4400),
            (Fault::OUTDATED, 4426),
            (Fault::UNAVAILABLE, 1013),
            (Fault::TIMEOUT, 1013),
            (Fault::INTERNAL, 1011),
        ] {
            assert_eq!(close(code), closes, "{code}");
        }
        let own = CloseCode::new(4001).unwrap();
        assert_eq!(Fault::new("game.full", "").with_close_code(own).close_code(), own);
        let reject = crate::Reject::new(http::StatusCode::PAYMENT_REQUIRED, "");
        assert_eq!(Fault::from(reject).close_code().as_u16(), 4402);
    }

    #[test]
    fn what_it_closes_with_is_no_part_of_the_frame() {
        let fault = Fault::new("game.full", "").with_close_code(CloseCode::NORMAL);
        assert_eq!(serde_json::to_value(fault).unwrap(), serde_json::json!({ "code": "game.full", "message": "" }));
    }
}

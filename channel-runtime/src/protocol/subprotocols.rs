//! The subprotocols of a channel, as `subprotocols(..)` lists them, and what happens to a client that offers none of them.

/// Known to each channel, except of raw text or of an envelope with others. A client that offers none speaks it too.
pub(crate) const OURS: &str = "channels.1.json";

/// The subprotocols that a channel knows: those of its list, those of its envelope, then `channels.1.json`. A channel of raw text or of
/// another envelope knows the last only if it knows no other: a page that sends a token has to offer a name beside it.
#[derive(Clone, Copy, Debug)]
pub struct Subprotocols {
    /// The names of the list; empty if the channel has none.
    pub names: &'static [&'static str],
    /// Those of the channel's envelope.
    pub of_envelope: &'static [&'static str],
    /// What happens to a client with which none is agreed.
    pub otherwise: Otherwise,
    /// Whether the channel has an `on_text` or another envelope: its clients read none of our error frames.
    pub is_foreign: bool,
}

/// What happens to a client with which no subprotocol is agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// It is answered 400.
    Reject,
    /// It connects without a subprotocol.
    Accept,
    /// The handshake succeeds without a subprotocol, and the connection is closed with this code.
    Close(u16),
}

impl Subprotocols {
    /// A channel without a list passes over subprotocols that it does not know.
    pub const NONE: Self = Self { names: &[], of_envelope: &[], otherwise: Otherwise::Accept, is_foreign: false };

    /// A list. The macros check the names: each is a token, and there are at most 64.
    pub const fn of(names: &'static [&'static str]) -> Self {
        Self { names, otherwise: Otherwise::Reject, ..Self::NONE }
    }

    /// A client that offers none of them connects too.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { otherwise: Otherwise::Accept, ..self }
    }

    /// A client that offers none of them is closed with this code, which the macros check.
    #[must_use]
    pub const fn closing(self, code: u16) -> Self {
        Self { otherwise: Otherwise::Close(code), ..self }
    }

    #[must_use]
    pub(crate) const fn foreign(self, is_foreign: bool, of_envelope: &'static [&'static str]) -> Self {
        assert!(of_envelope.len() <= 64, "an envelope has at most 64 subprotocols");
        Self { is_foreign, of_envelope, ..self }
    }

    pub(crate) fn find(&self, offer: &[u8]) -> Option<&'static str> {
        self.known().find(|name| name.as_bytes() == offer)
    }

    pub(crate) fn number(&self, agreed: Option<&str>) -> u8 {
        let place = agreed.and_then(|agreed| self.known().position(|name| name == agreed));
        place.map_or(0, |place| u8::try_from(place + 1).expect("a channel has at most 64 subprotocols"))
    }

    pub(crate) fn named(&self, number: u8) -> Option<&'static str> {
        self.known().nth(usize::from(number).checked_sub(1)?)
    }

    fn known(&self) -> impl Iterator<Item = &'static str> + use<> {
        let knows_ours = !self.is_foreign || (self.names.is_empty() && self.of_envelope.is_empty());
        self.names.iter().chain(self.of_envelope).copied().chain(knows_ours.then_some(OURS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_the_name_that_was_agreed() {
        let list = Subprotocols::of(&["ocpp1.6", "ocpp2.0.1"]);
        for agreed in [None, Some("ocpp1.6"), Some("ocpp2.0.1"), Some(OURS)] {
            assert_eq!(list.named(list.number(agreed)), agreed);
        }
        assert_eq!(Subprotocols::NONE.named(Subprotocols::NONE.number(Some(OURS))), Some(OURS));
        assert_eq!(list.named(4), None);
        assert_eq!(list.number(Some("ocpp")), 0);
    }

    #[test]
    fn a_channel_foreign_knows_its_list_alone_and_ours_if_it_has_none() {
        let find = |list: Subprotocols, name: &str| list.find(name.as_bytes());
        let list = Subprotocols::of(&["ocpp1.6"]);
        assert_eq!([find(list, OURS), find(list.foreign(true, &[]), OURS)], [Some(OURS), None]);
        assert_eq!(find(list.foreign(true, &[]), "ocpp1.6"), Some("ocpp1.6"));
        assert_eq!(find(Subprotocols::NONE.foreign(true, &[]), OURS), Some(OURS));
    }

    #[test]
    fn the_subprotocols_of_an_envelope_are_known_behind_those_of_the_list() {
        for list in [Subprotocols::NONE, Subprotocols::of(&["ocpp1.6"])] {
            let known = list.foreign(true, &["phoenix"]);
            assert_eq!([known.find(b"phoenix"), known.find(OURS.as_bytes())], [Some("phoenix"), None]);
            assert_eq!(known.named(known.number(Some("phoenix"))), Some("phoenix"));
        }
    }
}

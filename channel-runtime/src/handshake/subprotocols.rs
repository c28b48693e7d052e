//! The header `Sec-WebSocket-Protocol` (RFC 6455, section 11.3.4): what a client offers, what is agreed, and the tokens among it.
//!
//! All lines of the header are one list. Browsers can set no other header, so pages also send tokens in this one.

use http::header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL};
use percent_encoding::percent_decode;

use crate::config::header_list::items;
use crate::handshake::Handshake;
use crate::handshake::hello::{Hello, Malformed, is_hello};
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::protocol::subprotocols::{OURS, Otherwise, Subprotocols};
use crate::wire::close::CloseCode;

const TOKEN_PREFIX: &[u8] = b"channels.token.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negotiated {
    /// It connects, with the subprotocol that the answer names. `None` if the answer names none.
    Agreed(Option<&'static str>),
    Closed(CloseCode),
    /// It is answered [`not_agreed`], if nothing graver is against it, such as its origin.
    Refused,
}

impl Negotiated {
    pub fn subprotocol(self) -> Option<&'static str> {
        match self {
            Self::Agreed(subprotocol) => subprotocol,
            Self::Closed(_) | Self::Refused => None,
        }
    }

    pub fn is_ours(self) -> bool {
        self.subprotocol() == Some(OURS)
    }
}

/// The first offer that the channel knows, byte for byte. Reads the header once, whose length the HTTP server bounds.
pub(crate) fn agree(headers: &HeaderMap, known: &Subprotocols) -> Result<Negotiated, Reject> {
    if let Some(unnamed) = offers_alone(headers) {
        // A browser rejects an answer that names none of its offers, and these are never named.
        let name = known.names.first().copied().unwrap_or(OURS);
        return Err(Reject::bad_request(format!("offer the subprotocol `{name}` beside {unnamed}")));
    }
    let agreed = items(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|offer| known.find(offer));
    Ok(match known.otherwise {
        Otherwise::Reject if agreed.is_none() => Negotiated::Refused,
        Otherwise::Close(code) if agreed.is_none() => {
            Negotiated::Closed(CloseCode::new(code).expect("the macro checks the code"))
        }
        _ => Negotiated::Agreed(agreed),
    })
}

pub(crate) fn not_agreed(known: &Subprotocols) -> Reject {
    let names: Vec<String> = known.names.iter().map(|name| format!("`{name}`")).collect();
    let what = if names.len() == 1 { "the subprotocol" } else { "one of the subprotocols" };
    Reject::bad_request(format!("offer {what} {}", names.join(", ")))
}

/// What the client offers, if no answer names any of it.
fn offers_alone(headers: &HeaderMap) -> Option<&'static str> {
    let mut offers = items(headers, &SEC_WEBSOCKET_PROTOCOL).filter(|offered| !offered.is_empty()).peekable();
    let first = if is_hello(offers.peek()?) { "`channels.hello`" } else { "the token" };
    offers.all(is_unnamed).then_some(first)
}

/// A token, or the offer of a knowing client.
fn is_unnamed(offer: &[u8]) -> bool {
    offer.starts_with(TOKEN_PREFIX) || is_hello(offer)
}

/// The offer of a knowing client. It counts where `channels.1.json` is agreed, whose frames such a client hears more of; elsewhere it
/// is passed over.
///
/// # Errors
/// 400 if its fingerprint is malformed.
pub(crate) fn hello(headers: &HeaderMap, known: &Subprotocols, agreed: Negotiated) -> Result<Option<Hello>, Malformed> {
    if known.is_foreign || !agreed.is_ours() {
        return Ok(None);
    }
    Hello::among(headers)
}

/// The offer as text, if it is a token of RFC 9110 (section 5.6.2), as each subprotocol is.
fn name(offer: &[u8]) -> Option<&str> {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let is_token = !offer.is_empty() && offer.iter().all(is_of_token);
    std::str::from_utf8(offer).ok().filter(|_| is_token)
}

impl Handshake {
    /// The subprotocols that the client offers, in its order, from all headers `Sec-WebSocket-Protocol`. What is no name by RFC 6455
    /// is left out, and so are [tokens](Self::subprotocol_token) and the offer `channels.hello` of a client that hears the framework's
    /// own frames. A token that a client offers in a way of its own, see
    /// [`offered`](Self::offered), is listed: do not log what this returns.
    ///
    /// ```
    /// # use channel_runtime::{Handshake, http::HeaderMap};
    /// # let mut headers = HeaderMap::new();
    /// headers.insert("sec-websocket-protocol", "ocpp2.0.1, channels.token.abc, ocpp1.6".parse().unwrap());
    /// let handshake = Handshake::new("/ocpp/7", "", headers);
    /// assert!(handshake.subprotocols().eq(["ocpp2.0.1", "ocpp1.6"]));
    /// ```
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        let offers = items(&self.headers, &SEC_WEBSOCKET_PROTOCOL);
        offers.filter(|offer| !is_unnamed(offer)).filter_map(name)
    }

    /// The subprotocol that is agreed: the first offer that the channel knows, by its list `subprotocols(..)`, or
    /// `channels.1.json`, which only a channel with `on_text` and a list does not know. Extractors see it too. `None` if there is
    /// none, and for a request of a plain HTTP route.
    ///
    /// ```
    /// use channel_runtime::{Extract, Handshake, Reject};
    ///
    /// struct Version(u8);
    ///
    /// impl<App: Sync> Extract<App> for Version {
    ///     async fn extract(handshake: &Handshake, _app: &App) -> Result<Self, Reject> {
    ///         Ok(Version(if handshake.subprotocol() == Some("ocpp2.0.1") { 2 } else { 1 }))
    ///     }
    /// }
    /// ```
    pub fn subprotocol(&self) -> Option<&'static str> {
        self.subprotocol
    }

    /// What follows this prefix in the first offer that begins with it: for clients that put a token among their offers in a way of
    /// their own. It is returned as it was sent: unlike [`subprotocol_token`](Self::subprotocol_token), this decodes no
    /// percent-encoding. The prefix must not be the beginning of a protocol's name, such as `ocpp`: the rest of that name would be
    /// taken for a token. `None` if no offer begins with it. For bytes that are not UTF-8 see
    /// [`bearer_token`](Self::bearer_token).
    ///
    /// ```
    /// # use channel_runtime::{Handshake, http::HeaderMap};
    /// # let mut headers = HeaderMap::new();
    /// // Phoenix's client, with its option `authToken`.
    /// headers.insert("sec-websocket-protocol", "phoenix, base64url.bearer.phx.c2VjcmV0".parse().unwrap());
    /// let handshake = Handshake::new("/room/7", "", headers);
    /// assert_eq!(handshake.offered("base64url.bearer.phx.").unwrap().expose(), "c2VjcmV0");
    /// ```
    pub fn offered(&self, prefix: &str) -> Option<Token> {
        let mut offers = items(&self.headers, &SEC_WEBSOCKET_PROTOCOL);
        offers.find_map(|offer| offer.strip_prefix(prefix.as_bytes())).map(Token::read)
    }

    /// The token among the offered subprotocols, the place where a page can send a token outside of the URL:
    ///
    /// ```js
    /// new WebSocket(url, ["channels.1.json", "channels.token." + encodeURIComponent(token)])
    /// ```
    ///
    /// The answer never names the token. So a client that offers a token must offer a subprotocol too, `channels.1.json` or one of
    /// the channel's list `subprotocols(..)`, or is answered 400. Percent-encoding is decoded. Parentheses, which
    /// `encodeURIComponent` does not encode, can't be in a subprotocol. For bytes that are not UTF-8 see
    /// [`bearer_token`](Self::bearer_token). `None` if no token is offered.
    pub fn subprotocol_token(&self) -> Option<Token> {
        let mut offers = items(&self.headers, &SEC_WEBSOCKET_PROTOCOL);
        let token = offers.find_map(|offered| offered.strip_prefix(TOKEN_PREFIX))?;
        Some(Token::read(&percent_decode(token).collect::<Vec<u8>>()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OCPP: Subprotocols = Subprotocols::of(&["ocpp1.6", "ocpp2.0.1"]);

    fn offering(lines: &[impl AsRef<[u8]>]) -> Handshake {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_bytes(line.as_ref()).unwrap());
        }
        Handshake::new("/ocpp/7", "", headers)
    }

    fn agreed(known: Subprotocols, lines: &[impl AsRef<[u8]>]) -> Option<&'static str> {
        match agree(&offering(lines).headers, &known.optional()) {
            Ok(Negotiated::Agreed(agreed)) => agreed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_client_s_order_decides_over_all_headers() {
        for (lines, expected) in [
            (&["ocpp1.6"][..], Some("ocpp1.6")),
            (&["ocpp2.0.1, ocpp1.6"], Some("ocpp2.0.1")),
            (&["ocpp1.6,ocpp2.0.1"], Some("ocpp1.6")),
            (&["soap", "ocpp2.0.1", "ocpp1.6"], Some("ocpp2.0.1")),
            (&["soap, mqtt", " ocpp1.6\t"], Some("ocpp1.6")),
            (&["channels.1.json, ocpp1.6"], Some(OURS)),
            (&["ocpp1.6, channels.1.json"], Some("ocpp1.6")),
            (&["soap"], None),
            (&[], None),
        ] {
            assert_eq!(agreed(OCPP, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_offer_is_compared_byte_for_byte() {
        for offer in ["OCPP1.6", "ocpp1.60", "ocpp1", "ocpp1.6;q=1", "\"ocpp1.6\"", "ocpp1.6 ocpp2.0.1", "ocpp1,6", "*"]
        {
            assert_eq!(agreed(OCPP, &[offer]), None, "{offer}");
        }
    }

    #[test]
    fn hostile_offers_agree_on_nothing_and_hide_nothing() {
        let many = "a,".repeat(20_000) + "ocpp1.6";
        let long = "ocpp1.6".repeat(2_000);
        for (lines, expected) in [
            (vec![b",, ,\t,".to_vec()], None),
            (vec![b"".to_vec(), b",".to_vec(), b"ocpp1.6".to_vec()], Some("ocpp1.6")),
            (vec![b"ocpp1.6\xff, \xffocpp1.6, \xe4".to_vec()], None),
            (vec![b"\xff\xfe, ocpp1.6".to_vec()], Some("ocpp1.6")),
            (vec![b"\"a, ocpp1.6, b\"".to_vec()], Some("ocpp1.6")),
            (vec![many.into_bytes()], Some("ocpp1.6")),
            (vec![long.into_bytes()], None),
        ] {
            assert_eq!(agreed(OCPP, &lines), expected, "{:?}", lines[0].escape_ascii().to_string());
        }
    }

    #[test]
    fn nothing_in_common_is_what_the_channel_says() {
        for lines in [&["soap"][..], &[""], &[]] {
            let headers = offering(lines).headers;
            assert_eq!(agree(&headers, &OCPP).unwrap(), Negotiated::Refused);
            assert_eq!(agree(&headers, &OCPP.optional()).unwrap(), Negotiated::Agreed(None));
            let closed = Negotiated::Closed(CloseCode::new(4406).unwrap());
            assert_eq!(agree(&headers, &OCPP.closing(4406)).unwrap(), closed);
            assert_eq!(agree(&headers, &Subprotocols::NONE).unwrap(), Negotiated::Agreed(None));
        }
        assert_eq!(not_agreed(&OCPP).to_string(), "400: offer one of the subprotocols `ocpp1.6`, `ocpp2.0.1`");
        let one = Subprotocols::of(&["echo.v1"]);
        assert_eq!(not_agreed(&one).to_string(), "400: offer the subprotocol `echo.v1`");
        let headers = offering(&["ocpp1.6"]).headers;
        for known in [OCPP, OCPP.optional(), OCPP.closing(4406)] {
            assert_eq!(agree(&headers, &known).unwrap(), Negotiated::Agreed(Some("ocpp1.6")));
        }
    }

    #[test]
    fn a_token_is_no_offer_of_a_protocol() {
        for (offered, is_alone) in [
            ("channels.token.abc", true),
            ("channels.token.abc, channels.token.def", true),
            (", channels.token.abc,", true),
            ("channels.1.json, channels.token.abc", false),
            ("chat, channels.token.abc", false),
            ("chat", false),
            ("", false),
        ] {
            let headers = offering(&[offered]).headers;
            for (known, name) in
                [(Subprotocols::NONE, OURS), (OCPP.optional(), "ocpp1.6"), (OCPP.closing(4406), "ocpp1.6")]
            {
                let refused = agree(&headers, &known).err().map(|reject| reject.to_string());
                let expected = is_alone.then(|| format!("400: offer the subprotocol `{name}` beside the token"));
                assert_eq!(refused, expected, "{offered}");
            }
        }
        let known = Subprotocols::of(&["channels.token.abc"]);
        assert!(agree(&offering(&["channels.token.abc"]).headers, &known).is_err());
    }

    #[test]
    fn a_hello_is_no_offer_of_a_protocol() {
        for (offered, refused) in [
            ("channels.hello", Some("400: offer the subprotocol `channels.1.json` beside `channels.hello`")),
            (
                "channels.hello.xyz, channels.token.abc",
                Some("400: offer the subprotocol `channels.1.json` beside `channels.hello`"),
            ),
            (
                "channels.token.abc, channels.hello",
                Some("400: offer the subprotocol `channels.1.json` beside the token"),
            ),
            ("channels.1.json, channels.hello", None),
            ("channels.hellos", None),
        ] {
            let found = agree(&offering(&[offered]).headers, &Subprotocols::NONE).err();
            assert_eq!(found.map(|reject| reject.to_string()).as_deref(), refused, "{offered}");
        }
    }

    #[test]
    fn a_hello_counts_where_our_subprotocol_is_agreed_and_its_frames_are_read() {
        let known = Some(Hello { fingerprint: None });
        for (channel, offered, expected) in [
            (Subprotocols::NONE, "channels.1.json, channels.hello", known),
            (Subprotocols::NONE, "channels.hello, channels.1.json", known),
            (OCPP, "channels.hello, channels.1.json", known),
            (OCPP, "ocpp1.6, channels.1.json, channels.hello", None),
            (OCPP.optional(), "soap, channels.hello.xyz", None),
            (Subprotocols::NONE.foreign(true, &[]), "channels.1.json, channels.hello", None),
            (Subprotocols::NONE.foreign(true, &["phoenix"]), "phoenix, channels.hello.xyz", None),
        ] {
            let headers = offering(&[offered]).headers;
            let agreed = agree(&headers, &channel).unwrap();
            assert_eq!(hello(&headers, &channel, agreed).unwrap(), expected, "{offered}");
        }
        let headers = offering(&["channels.1.json, channels.hello.xyz"]).headers;
        assert!(hello(&headers, &OCPP, agree(&headers, &OCPP).unwrap()).is_err());
    }

    #[test]
    fn offers_are_listed_as_names() {
        let lines = [
            &b"ocpp1.6,, \"quoted\", channels.token.secret"[..],
            b"\xff, a b, base64url.bearer.phx.abc, channels.hello, channels.hello.xyz, !#$%&'*+-.^_`|~",
        ];
        let names: Vec<_> = offering(&lines).subprotocols().map(str::to_owned).collect();
        assert_eq!(names, ["ocpp1.6", "base64url.bearer.phx.abc", "!#$%&'*+-.^_`|~"]);
        assert_eq!(offering(&[""; 0]).subprotocols().next(), None);
    }

    #[test]
    fn what_follows_a_prefix_is_a_token() {
        let prefix = "base64url.bearer.phx.";
        for (lines, token) in [
            (&[&b"phoenix, base64url.bearer.phx.a-b_c"[..]][..], Some("a-b_c")),
            (&[b"phoenix", b"base64url.bearer.phx.first", b"base64url.bearer.phx.second"], Some("first")),
            (&[b"base64url.bearer.phx."], Some("")),
            (&[b"base64url.bearer.phx.%41"], Some("%41")),
            (&[b"base64url.bearer.phx.\xff"], Some("\u{fffd}")),
            (&[b"Base64url.bearer.phx.abc, xbase64url.bearer.phx.abc, base64url.bearer.phx"], None),
            (&[], None),
        ] {
            let found = offering(lines).offered(prefix);
            assert_eq!(found.as_ref().map(Token::expose), token, "{lines:?}");
        }
    }

    #[test]
    fn a_token_among_the_subprotocols_is_one_that_says_so() {
        for (offered, token) in [
            ("channels.1.json, channels.token.abc.d-e_f", Some("abc.d-e_f")),
            ("channels.token.a%2Fb%3D%C3%A4,channels.1.json", Some("a/b=\u{e4}")),
            ("channels.token.", Some("")),
            ("channels.1.json", None),
            ("channels.token.%FF", Some("\u{fffd}")),
            ("Channels.Token.abc", None),
            ("xchannels.token.abc", None),
        ] {
            let found = offering(&[offered]).subprotocol_token();
            assert_eq!(found.as_ref().map(Token::expose), token, "{offered}");
        }
        let split = offering(&["chat", "channels.token.abc"]);
        assert_eq!(split.subprotocol_token().unwrap().expose(), "abc");
    }
}

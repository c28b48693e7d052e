//! The address of a connection: where the server is, where the channel is, and the query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_tungstenite::tungstenite::http::Uri;

/// As a form's: all but what no part of a URL has a use for.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) struct ServerUrl {
    /// With the path below which the channels are mounted.
    server: String,
    path: String,
    /// Behind a `?`, if there is one.
    query: String,
}

impl ServerUrl {
    /// `server` may have a path, below which the channels are mounted.
    ///
    /// # Errors
    /// What is wrong with it, for whoever wrote it.
    pub fn new(server: &str, path: &str, query: &[(String, String)]) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("`{server}` is no address of a server: {what}"));
        let Ok(uri) = server.parse::<Uri>() else { return wrong("it is no URL, such as `wss://play.example`") };
        let scheme = match uri.scheme_str() {
            Some("ws" | "http") => "ws",
            Some("wss" | "https") if cfg!(feature = "tls") => "wss",
            Some("wss" | "https") => return wrong("TLS needs the feature `tls` of channel-client"),
            _ => return wrong("it begins with `ws://` or `wss://`"),
        };
        let Some(authority) = uri.authority() else { return wrong("it names no host") };
        if uri.query().is_some() {
            return wrong("a query is given by `query(..)`");
        }
        check_path(path)?;
        let mounted = uri.path().trim_end_matches('/');
        let mut pairs = String::new();
        for (at, (name, value)) in query.iter().enumerate() {
            let [name, value] = [name, value].map(|text| utf8_percent_encode(text, ESCAPED));
            pairs.push(if at == 0 { '?' } else { '&' });
            pairs.push_str(&format!("{name}={value}"));
        }
        Ok(Self { server: format!("{scheme}://{authority}{mounted}"), path: path.to_owned(), query: pairs })
    }

    /// As it was before any move. The query may hold secrets.
    pub fn without_query(&self) -> String {
        format!("{}{}", self.server, self.path)
    }

    /// With more parameters, each behind an `&`. `path` is another one, where the server has moved the client.
    pub fn url(&self, path: Option<&str>, parameters: &str) -> String {
        let Self { server, query, .. } = self;
        let path = path.filter(|path| check_path(path).is_ok()).unwrap_or(&self.path);
        match query.is_empty() {
            true => format!("{server}{path}{}", parameters.replacen('&', "?", 1)),
            false => format!("{server}{path}{query}{parameters}"),
        }
    }
}

/// A proxy drops the segments `.` and `..`, also percent-encoded, and the connection would be one to elsewhere.
fn check_path(path: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("`{path}` is no path of a channel: {what}"));
    let Some(segments) = path.strip_prefix('/') else { return wrong("it begins with `/`") };
    if path.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'?' || byte == b'#') {
        return wrong("it is percent-encoded, without a query: a query is given by `query(..)`");
    }
    for segment in segments.split('/').filter(|_| path != "/") {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        if plain.is_empty() || plain == "." || plain == ".." {
            return wrong("a segment is empty, `.` or `..`, which no URL can have");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_server_with_the_path_and_the_query() {
        let joined = |server, path| ServerUrl::new(server, path, &[]).unwrap().url(None, "");
        assert_eq!(joined("ws://localhost:3030", "/chat/a%20b"), "ws://localhost:3030/chat/a%20b");
        assert_eq!(joined("http://localhost:3030/live/", "/chat/a"), "ws://localhost:3030/live/chat/a");
        assert_eq!(joined("ws://localhost", "/"), "ws://localhost/");
        let query = [("token".to_owned(), "a&b=c".to_owned()), ("name".to_owned(), "é".to_owned())];
        let address = ServerUrl::new("ws://localhost", "/chat", &query).unwrap();
        assert_eq!(address.url(None, "&a=b"), "ws://localhost/chat?token=a%26b%3Dc&name=%C3%A9&a=b");
        assert_eq!(address.url(Some("/desk/8"), ""), "ws://localhost/desk/8?token=a%26b%3Dc&name=%C3%A9");
        let address = ServerUrl::new("ws://localhost/live/", "/chat", &[]).unwrap();
        assert_eq!(address.url(Some("/desk/8"), "&a=b&c=d"), "ws://localhost/live/desk/8?a=b&c=d");
        assert_eq!(address.url(Some("/desk/../8"), ""), "ws://localhost/live/chat", "where it was");
    }

    #[test]
    fn what_would_connect_elsewhere_is_refused() {
        for path in
            ["chat", "/chat/", "/chat//a", "/chat/.", "/chat/..", "/chat/%2e%2E", "/chat?a=b", "/chat#a", "/chat/ä"]
        {
            assert!(ServerUrl::new("ws://localhost", path, &[]).is_err(), "{path}");
        }
        for server in ["", "localhost:3030", "ftp://localhost", "ws://localhost?a=b", "/chat"] {
            assert!(ServerUrl::new(server, "/chat", &[]).is_err(), "{server}");
        }
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn tls_that_is_not_compiled_in_is_said_before_anything_is_tried() {
        assert!(ServerUrl::new("wss://localhost", "/chat", &[]).err().unwrap().contains("feature `tls`"));
    }
}

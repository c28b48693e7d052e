//! Whose pages may connect: a browser lets any page try, and names the one that does.

mod support;

use channel_runtime::{Channels, Config, Origins, channel, channels, testing};
use support::{Running, start, upgrade};

#[channel("/room")]
pub struct Room;

#[channel]
impl Room {}

fn all() -> Channels<()> {
    channels![Room]
}

async fn served(config: Config) -> Running {
    start(all().app(()).config(config)).await
}

/// What a client is answered that asks this host for the room, with these headers.
async fn status(server: &Running, host: &str, headers: &[&str]) -> u16 {
    let headers: String = headers.iter().map(|header| format!("\r\n{header}")).collect();
    let request = upgrade("/room").replacen("Host: localhost", &format!("Host: {host}{headers}"), 1);
    server.connect().await.request(&request).await.status
}

#[tokio::test]
async fn pages_of_other_hosts_are_refused_and_what_is_no_page_is_not() {
    let server = served(Config::default()).await;
    for (host, headers, expected) in [
        ("app.example", &[][..], 101),
        ("app.example", &["Origin: https://app.example"], 101),
        ("app.example:3030", &["Origin: https://app.example:3030"], 101),
        // As some apps write it, which connect by wss and call that their origin.
        ("app.example", &["Origin: wss://app.example"], 101),
        ("app.example:3030", &["Origin: ws://app.example:3030"], 101),
        ("app.example", &["Origin: wss://evil.example"], 403),
        ("app.example", &["Origin: https://evil.example"], 403),
        ("app.example", &["Origin: https://app.example:3030"], 403),
        ("app.example", &["Origin: null"], 403),
        ("app.example", &["Origin:"], 403),
        ("app.example", &["Origin: https://app.example", "Origin: https://app.example"], 403),
        ("app.example", &["Origin: https://app.example", "Origin: https://evil.example"], 403),
        // Nobody has said that a proxy is to be believed.
        ("app.example", &["Origin: https://evil.example", "X-Forwarded-Host: evil.example"], 403),
        ("app.example", &["Origin: https://evil.example", "Forwarded: host=evil.example"], 403),
        // Which of the two it asked for is not known, and of no request may that be so.
        ("app.example", &["Origin: https://evil.example", "Host: evil.example"], 400),
    ] {
        assert_eq!(status(&server, host, headers).await, expected, "{headers:?} at {host}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_it_is_and_costs_the_connection_nothing() {
    let server = served(Config::default().connections(1)).await;
    let mut raw = server.connect().await;
    let foreign = upgrade("/room").replacen("\r\n", "\r\nOrigin: https://evil.example\r\n", 1);
    for _ in 0..3 {
        let response = raw.request(&foreign).await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (403, "pages of this origin may not connect to this server")
        );
    }
    raw.upgrade("/room").await;
}

#[tokio::test]
async fn pages_can_be_allowed_by_name_or_all_of_them() {
    let named = served(Config::default().origins(Origins::same_host().allow("https://app.example").unwrap())).await;
    assert_eq!(status(&named, "api.example", &["Origin: https://app.example"]).await, 101);
    assert_eq!(status(&named, "api.example", &["Origin: https://api.example"]).await, 101);
    assert_eq!(status(&named, "api.example", &["Origin: https://evil.example"]).await, 403);
    let only = served(Config::default().origins(Origins::only().allow("https://app.example").unwrap())).await;
    assert_eq!(status(&only, "api.example", &["Origin: https://app.example"]).await, 101);
    assert_eq!(status(&only, "api.example", &["Origin: https://api.example"]).await, 403);
    let null = served(Config::default().origins(Origins::same_host().allow("null").unwrap())).await;
    assert_eq!(status(&null, "api.example", &["Origin: null"]).await, 101);
    assert_eq!(status(&null, "api.example", &["Origin: file://"]).await, 403);
    let any = served(Config::default().origins(Origins::any())).await;
    for origin in ["Origin: https://evil.example", "Origin: null", "Origin: \u{fffd}"] {
        assert_eq!(status(&any, "api.example", &[origin]).await, 101, "{origin}");
    }
}

#[tokio::test]
async fn what_is_not_for_a_channel_is_asked_for_no_origin() {
    let server = served(Config::default()).await;
    let request = upgrade("/nowhere").replacen("\r\n", "\r\nOrigin: https://evil.example\r\n", 1);
    assert_eq!(server.connect().await.request(&request).await.status, 404);
}

#[tokio::test]
async fn a_client_in_a_test_has_an_origin_where_it_names_one() {
    let app = testing::app(all().app(()));
    let connect = || app.connect::<Room>("/room").header("host", "app.example");
    assert!(connect().await.is_ok());
    assert!(connect().header("origin", "https://app.example").await.is_ok());
    let reject = connect().header("origin", "https://evil.example").await.unwrap_err();
    assert_eq!(reject.status, 403);
}

//! Behind proxies: the client is who they say it is, as far as they are trusted, for the bounds by address, for the check of
//! origins and for extractors.

mod support;

use channel_runtime::{Config, Handshake, Proxies, Socket, channel, channels, message, testing};
use support::{Raw, Response, Running, start, upgrade};

#[message(type = "seen")]
pub struct Seen {
    address: String,
    host: String,
}

#[channel("/mirror")]
pub struct Mirror {
    #[extract]
    handshake: Handshake,
}

#[channel(sends(Seen))]
impl Mirror {
    fn on_connect(&self, socket: &Socket<Self>) {
        let address = self.handshake.remote_addr.map_or("not known".into(), |address| address.to_string());
        socket.send(Seen { address, host: self.handshake.host().unwrap_or("none").into() });
    }
}

async fn served(config: Config) -> Running {
    start(channels![Mirror].app(()).config(config)).await
}

async fn ask(server: &Running, headers: &[&str]) -> (Raw, Response) {
    let headers: String = headers.iter().map(|header| format!("\r\n{header}")).collect();
    let mut raw = server.connect().await;
    let request = upgrade("/mirror").replacen("Host: localhost", &format!("Host: localhost{headers}"), 1);
    let response = raw.request(&request).await;
    (raw, response)
}

async fn seen(server: &Running, headers: &[&str]) -> (String, String) {
    let (mut raw, response) = ask(server, headers).await;
    assert_eq!(response.status, 101, "{headers:?}: {response:?}");
    let frame = raw.frame().await.expect("what the server has seen");
    let seen: Seen = serde_json::from_slice(&frame.payload).unwrap();
    (seen.address, seen.host)
}

fn local() -> Config {
    Config::default().proxies(Proxies::x_forwarded(["127.0.0.0/8", "10.0.0.0/8"]).unwrap())
}

#[tokio::test]
async fn a_header_is_believed_from_the_proxies_that_are_named_and_in_the_family_that_is() {
    let told =
        ["X-Forwarded-For: 1.1.1.1, 198.51.100.7", "X-Forwarded-Host: app.example", "Forwarded: for=203.0.113.9"];
    let trusting = served(local()).await;
    assert_eq!(seen(&trusting, &told).await, ("198.51.100.7:0".into(), "app.example".into()));
    let other_family = served(Config::default().proxies(Proxies::forwarded(["127.0.0.1"]).unwrap())).await;
    assert_eq!(seen(&other_family, &told).await, ("203.0.113.9:0".into(), "localhost".into()));
    for distrusting in [Config::default(), Config::default().proxies(Proxies::x_forwarded(["10.0.0.0/8"]).unwrap())] {
        let (address, host) = seen(&served(distrusting).await, &told).await;
        assert!(address.starts_with("127.0.0.1:") && host == "localhost", "{address}, {host}");
    }
}

#[tokio::test]
async fn the_bounds_of_an_address_are_the_clients_and_not_the_proxies() {
    let server = served(local().connections_per_ip(1)).await;
    let (_first, response) = ask(&server, &["X-Forwarded-For: 198.51.100.7"]).await;
    assert_eq!(response.status, 101);
    let (_second, response) = ask(&server, &["X-Forwarded-For: 198.51.100.8"]).await;
    assert_eq!(response.status, 101);
    for spoofed in ["198.51.100.7", "1.1.1.1, 198.51.100.7", "10.0.0.1,198.51.100.7", "198.51.100.7, 10.0.0.1"] {
        let (_, response) = ask(&server, &[&format!("X-Forwarded-For: {spoofed}")]).await;
        assert_eq!(response.status, 429, "{spoofed}");
    }
    let (_nonsense, response) = ask(&server, &["X-Forwarded-For: nonsense"]).await;
    assert_eq!(response.status, 101);
    let (_, response) = ask(&server, &["X-Forwarded-For: other nonsense"]).await;
    assert_eq!(response.status, 429);
}

#[tokio::test]
async fn a_page_is_of_the_host_that_the_proxy_was_asked_for() {
    let server = served(local()).await;
    for (headers, status) in [
        (&["Origin: https://app.example", "X-Forwarded-Host: app.example"][..], 101),
        (&["Origin: https://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: https"], 101),
        (&["Origin: http://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: http"], 101),
        // Whoever is on the way to the page can write into it.
        (&["Origin: http://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: https"], 403),
        (&["Origin: https://evil.example", "X-Forwarded-Host: app.example"], 403),
        (&["Origin: https://app.example"], 403),
        (&["Origin: https://evil.example", "Forwarded: host=evil.example"], 403),
    ] {
        assert_eq!(ask(&server, headers).await.1.status, status, "{headers:?}");
    }
}

/// What proxies are known to write.
#[tokio::test]
async fn the_dialects_of_proxies_are_understood() {
    let server = served(local()).await;
    for (headers, status) in [
        (&["Origin: https://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: wss"][..], 101),
        (&["Origin: http://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: wss"], 403),
        (&["Origin: wss://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Proto: https"], 101),
        (
            &[
                "Origin: https://app.example",
                "X-Forwarded-For: 198.51.100.7",
                "X-Forwarded-Host: app.example",
                "X-Forwarded-Proto: https,http",
            ],
            101,
        ),
        (&["Origin: https://app.example", "X-Forwarded-Host: app.example,"], 101),
        (&["Origin: https://app.example", "X-Forwarded-Host: app.example", "X-Forwarded-Port: 443"], 101),
        (&["Origin: https://app.example:8443", "X-Forwarded-Host: app.example", "X-Forwarded-Port: 8443"], 101),
        (&["Origin: https://app.example:8443", "X-Forwarded-Host: app.example"], 403),
        (&["Origin: https://localhost:8443", "X-Forwarded-Port: 8443", "X-Forwarded-Proto: https"], 101),
        (&["Origin: https://localhost", "X-Forwarded-Port: 8443", "X-Forwarded-Proto: https"], 403),
    ] {
        assert_eq!(ask(&server, headers).await.1.status, status, "{headers:?}");
    }
    let told = ["X-Forwarded-For: 198.51.100.7,", "X-Forwarded-Host: app.example", "X-Forwarded-Port: 8443"];
    assert_eq!(seen(&server, &told).await, ("198.51.100.7:0".into(), "app.example:8443".into()));
    // From whom nobody knows, a port is as little believed as a host.
    let distrusting = served(Config::default()).await;
    let (_, host) = seen(&distrusting, &told).await;
    assert_eq!(host, "localhost");
}

#[tokio::test]
async fn a_client_in_a_test_may_come_from_anywhere() {
    let config = local().connections_per_ip(1);
    let app = testing::app(channels![Mirror].app(()).config(config));
    let connect = || app.connect::<Mirror>("/mirror").remote_addr(([10, 0, 0, 1], 5).into());
    let mut client = connect().header("x-forwarded-for", "198.51.100.7").await.unwrap();
    assert_eq!(client.expect::<Seen>().await.address, "198.51.100.7:0");
    assert_eq!(connect().header("x-forwarded-for", "198.51.100.7").await.unwrap_err().status, 429);
    let mut other = connect().header("x-forwarded-for", "::ffff:198.51.100.8").await.unwrap();
    assert_eq!(other.expect::<Seen>().await.address, "198.51.100.8:0");
}

//! Bounds that one channel sets for itself: they hold on its connections, and those of the server on all others.

use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Channel, CloseCode, ClosedBy, Config, Extract, Fault, Handshake, Rate, Reject, Socket, Success, channel, channels,
    message,
};
use tokio::time::advance;

#[message(type = "say")]
pub struct Say {
    text: String,
}

/// So many messages of so many bytes, sent in one go.
#[message(type = "flood")]
pub struct Flood {
    count: usize,
    size: usize,
}

#[message(type = "drop")]
pub struct Water {
    text: String,
}

/// Who asks: told apart by the query.
pub struct Name(Option<String>);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("name")))
    }
}

macro_rules! desk {
    ($name:ident, $path:literal $(, $argument:ident = $value:literal)*) => {
        #[channel($path $(, $argument = $value)*)]
        pub struct $name {
            #[extract]
            name: Name,
        }

        #[channel(sends(Water))]
        impl $name {
            fn identity(&self) -> Option<&String> {
                self.name.0.as_ref()
            }

            #[message]
            fn say(&mut self, say: Say) -> Success<usize> {
                Success(say.text.len())
            }

            #[message]
            fn flood(&mut self, flood: Flood, socket: &Socket<Self>) {
                for _ in 0..flood.count {
                    socket.send(Water { text: "x".repeat(flood.size) });
                }
            }
        }
    };
}

desk!(Usual, "/usual");
desk!(Wide, "/wide", message_bytes = "1MiB", outbox_bytes = "4MiB");
desk!(Narrow, "/narrow", message_bytes = "100B", outbox_bytes = "1KiB");
desk!(Rated, "/rated", message_rate = "2/h", message_burst = 3);
desk!(Personal, "/personal", message_rate_per_user = "2/h");

fn app(config: Config) -> TestApp<()> {
    testing::app(channels![Usual, Wide, Narrow, Rated, Personal].app(()).config(config))
}

async fn client<C: Channel>(app: &TestApp<()>, path: &str) -> Client<C> {
    app.connect::<C>(path).await.unwrap()
}

fn say(bytes: usize) -> Say {
    Say { text: "x".repeat(bytes) }
}

#[tokio::test]
async fn a_channel_s_own_length_of_a_message_holds_there_alone() {
    let app = app(Config::default().message_bytes(1000));
    let mut wide = client::<Wide>(&app, "/wide").await;
    assert_eq!(wide.request(say(1_000_000)).success().await, 1_000_000);
    wide.send(say(1 << 20));
    assert_eq!(wide.expect_close().await.0, CloseCode::TOO_BIG);

    let mut usual = client::<Usual>(&app, "/usual").await;
    assert_eq!(usual.request(say(900)).success().await, 900);
    usual.send(say(1000));
    assert_eq!(usual.expect_close().await.0, CloseCode::TOO_BIG);

    let mut narrow = client::<Narrow>(&app, "/narrow").await;
    assert_eq!(narrow.request(say(10)).success().await, 10);
    narrow.send(say(100));
    assert_eq!(narrow.expect_close().await.0, CloseCode::TOO_BIG);
}

#[tokio::test]
async fn a_channel_s_own_outbox_holds_there_alone() {
    let channels = channels![Usual, Wide, Narrow];
    let (usual_hub, wide_hub, narrow_hub) = (channels.of::<Usual>(), channels.of::<Wide>(), channels.of::<Narrow>());
    let app = testing::app(channels.app(()).config(Config::default().outbox_bytes(100_000)));
    let mut wide = client::<Wide>(&app, "/wide").await;
    wide.send(Flood { count: 3, size: 1_000_000 });
    for _ in 0..3 {
        assert_eq!(wide.expect::<Water>().await.text.len(), 1_000_000);
    }
    wide.expect_nothing().await;

    let mut usual = client::<Usual>(&app, "/usual").await;
    usual.send(Flood { count: 10, size: 40_000 });
    let mut narrow = client::<Narrow>(&app, "/narrow").await;
    narrow.send(Flood { count: 2, size: 400 });
    for _ in 0..2 {
        narrow.expect::<Water>().await;
    }
    narrow.send(Flood { count: 150, size: 400 });
    app.settle().await;
    let slow = ClosedBy::SlowClient;
    assert_eq!([usual_hub.ended(slow), wide_hub.ended(slow), narrow_hub.ended(slow)], [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_s_own_rate_holds_there_alone() {
    let app = app(Config::default().message_rate(Rate::new(1, Duration::from_secs(3600))));
    let mut rated = client::<Rated>(&app, "/rated").await;
    for _ in 0..3 {
        rated.request(say(1)).success().await;
    }
    rated.request(say(1)).error(Fault::RATE_LIMITED).await;
    advance(Duration::from_secs(1800)).await;
    rated.request(say(1)).success().await;
    rated.request(say(1)).error(Fault::RATE_LIMITED).await;

    let mut usual = client::<Usual>(&app, "/usual").await;
    usual.request(say(1)).success().await;
    usual.request(say(1)).error(Fault::RATE_LIMITED).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_s_own_rate_of_a_user_is_counted_apart() {
    let app = app(Config::default().message_rate_per_user(Rate::new(4, Duration::from_secs(3600))));
    let mut phone = client::<Personal>(&app, "/personal?name=ann").await;
    let mut tablet = client::<Personal>(&app, "/personal?name=ann").await;
    phone.request(say(1)).success().await;
    tablet.request(say(1)).success().await;
    phone.request(say(1)).error(Fault::RATE_LIMITED).await;
    tablet.request(say(1)).error(Fault::RATE_LIMITED).await;

    // What she has said there does not count elsewhere, where the server's own rate holds for all channels together.
    let mut usual = client::<Usual>(&app, "/usual?name=ann").await;
    let mut wide = client::<Wide>(&app, "/wide?name=ann").await;
    for _ in 0..2 {
        usual.request(say(1)).success().await;
        wide.request(say(1)).success().await;
    }
    usual.request(say(1)).error(Fault::RATE_LIMITED).await;
    wide.request(say(1)).error(Fault::RATE_LIMITED).await;
}

#[test]
fn a_socket_in_a_test_has_the_bounds_of_its_channel() {
    let socket = testing::socket::<Narrow>();
    let is_sent = || socket.send(Water { text: "x".repeat(400) }).is_complete();
    assert_eq!((is_sent(), is_sent()), (true, true));
    assert!((0..150).any(|_| !is_sent()), "the server's own bound would let it all wait");
}

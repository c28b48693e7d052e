//! The example `ticker`: who is behind has the newest value of each symbol from the one feed, and is closed by the other.

mod support;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/ticker/main.rs"]
mod ticker;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use channel_runtime::testing;
use serde_json::Value;
use support::{Raw, within};
use ticker::market::{Market, SYMBOLS};
use ticker::network::{self, BYTES_A_SECOND};
use ticker::{Each, EachTick, Feed, Newest, Tick};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;
use tokio::task::yield_now;
use tokio::time::Instant;

/// Each symbol has one update more.
fn send_a_round(feed: &mut Feed) {
    (0..SYMBOLS).for_each(|_| feed.send());
}

#[test]
fn a_round_of_the_market_has_one_update_of_each_symbol() {
    let (mut market, mut again) = (Market::new(7), Market::new(7));
    for n in 1..=3 {
        let round: Vec<_> = (0..SYMBOLS).map(|_| market.update()).collect();
        assert_eq!(round.iter().map(|(symbol, _)| symbol).collect::<BTreeSet<_>>().len(), SYMBOLS);
        for (symbol, quote) in round {
            assert!(quote.n == n && quote.bid <= quote.price && quote.price <= quote.ask, "{quote:?}");
            let (same, twin) = again.update();
            assert_eq!((symbol, quote.price, quote.change), (same, twin.price, twin.change));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_connects_is_sent_the_newest_value_of_each_symbol_and_then_what_is_new() {
    let (server, mut feed) = ticker::server(0, 1);
    let app = testing::app(server);
    (0..3).for_each(|_| send_a_round(&mut feed));
    let mut newest = app.connect::<Newest>("/newest").await.unwrap();
    let mut each = app.connect::<Each>("/each").await.unwrap();
    let mut symbols = BTreeSet::new();
    for _ in 0..SYMBOLS {
        let Tick { symbol, quote } = newest.expect().await;
        assert_eq!(quote.n, 3);
        symbols.insert(symbol);
    }
    assert_eq!(symbols.len(), SYMBOLS);
    newest.expect_nothing().await;
    each.expect_nothing().await;
    feed.send();
    let EachTick { symbol, quote } = each.expect().await;
    assert_eq!(newest.expect::<Tick>().await, Tick { symbol, quote });
}

#[tokio::test(start_paused = true)]
async fn who_was_cut_off_is_sent_the_newest_values_and_from_the_other_feed_what_is_sent_then() {
    let (server, mut feed) = ticker::server(0, 1);
    let app = testing::app(server);
    let mut newest = app.connect::<Newest>("/newest").await.unwrap();
    let mut each = app.connect::<Each>("/each").await.unwrap();
    newest.lose();
    each.lose();
    (0..2).for_each(|_| send_a_round(&mut feed));
    let (mut newest, mut each) = (newest.come_back().await, each.come_back().await);
    for _ in 0..SYMBOLS {
        assert_eq!(newest.expect::<Tick>().await.quote.n, 2);
    }
    feed.send();
    assert_eq!((newest.expect::<Tick>().await.quote.n, each.expect::<EachTick>().await.quote.n), (3, 3));
    newest.expect_nothing().await;
    each.expect_nothing().await;
}

/// The symbol and the number of a tick; the code of a Close.
async fn next(raw: &mut Raw) -> Result<(String, u64), u16> {
    let frame = within(raw.frame()).await.expect("a close comes before the end");
    if frame.first == 0x88 {
        return Err(u16::from_be_bytes([frame.payload[0], frame.payload[1]]));
    }
    let tick: Value = serde_json::from_slice(&frame.payload).expect("JSON");
    Ok((tick["symbol"].as_str().expect("a text").into(), tick["quote"]["n"].as_u64().expect("a number")))
}

#[tokio::test]
async fn of_two_who_read_nothing_the_one_is_closed_and_the_other_is_sent_the_newest_when_it_reads() {
    let (server, mut feed) = ticker::server(0, 1);
    let server = support::start(server).await;
    let (mut newest, mut each) = (server.connect_with_small_window().await, server.connect_with_small_window().await);
    newest.upgrade("/newest").await;
    each.upgrade("/each").await;
    within(async {
        while feed.newest.all().is_empty() || feed.each.all().is_empty() {
            yield_now().await;
        }
    })
    .await;
    let mut rounds = 0;
    while feed.each.stats().send_refused == 0 {
        send_a_round(&mut feed);
        rounds += 1;
        yield_now().await;
    }

    let (mut heard, mut of_each) = (0, BTreeMap::<_, u64>::new());
    let code = loop {
        match next(&mut each).await {
            Ok((symbol, n)) => {
                let before = of_each.insert(symbol, n).unwrap_or(0);
                assert_eq!(n, before + 1, "each of them");
                heard += 1;
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1013);
    assert!(heard < rounds * SYMBOLS as u64, "{heard} of {rounds} rounds");

    assert_eq!((feed.newest.all().len(), feed.newest.stats().send_refused), (1, 0));
    let (mut heard, mut has) = (0, BTreeMap::new());
    while has.len() < SYMBOLS || has.values().any(|n| *n < rounds) {
        let (symbol, n) = next(&mut newest).await.expect("it is not closed");
        assert!(has.insert(symbol, n).is_none_or(|before| before < n), "an older one behind a newer one");
        heard += 1;
    }
    assert!(heard < rounds * SYMBOLS as u64 / 4, "{heard} of {rounds} rounds");
}

#[tokio::test(start_paused = true)]
async fn the_slow_network_passes_all_of_it_in_its_time() {
    const SECONDS: usize = 3;

    let (mut server, from_server) = duplex(16 * 1024);
    let (to_client, mut client) = duplex(16 * 1024);
    let sent = support::noise(SECONDS * BYTES_A_SECOND);
    let begun = Instant::now();
    tokio::spawn(network::at_pace(from_server, to_client));
    let all = sent.clone();
    tokio::spawn(async move { server.write_all(&all).await });
    let mut passed = Vec::new();
    client.read_to_end(&mut passed).await.unwrap();
    assert!(passed == sent);
    let (took, least) = (begun.elapsed(), Duration::from_secs(SECONDS as u64) - Duration::from_millis(10));
    assert!((least..least + Duration::from_secs(1)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn over_the_slow_network_clients_reach_the_server() {
    let (server, mut feed) = ticker::server(0, 1);
    let server = support::start(server).await;
    send_a_round(&mut feed);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = listener.local_addr().unwrap();
    tokio::spawn(network::slow(listener, server.addr));
    let mut client = Raw::open(slow, "/newest").await;
    for _ in 0..SYMBOLS {
        assert_eq!(next(&mut client).await.unwrap().1, 1);
    }
    drop(client);
    within(async {
        while !feed.newest.all().is_empty() {
            yield_now().await;
        }
    })
    .await;
}

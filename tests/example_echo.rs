//! The example `echo`: every message comes back as it was. Over real sockets it is tested in `tests/clients`.

use channel_runtime::testing::{self, TestApp};
use channel_runtime::{CloseCode, Config};
use echo::Echo;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/echo.rs"]
mod echo;

fn config(flags: &str) -> Config {
    echo::config(flags.split_whitespace().map(String::from)).expect("flags that it has").expect("no help")
}

fn app(flags: &str) -> TestApp<()> {
    testing::app(echo::server(config(flags)))
}

#[tokio::test]
async fn a_text_comes_back_as_text_and_binary_as_binary_in_order() {
    let app = app("");
    let mut client = app.connect::<Echo>("/").await.expect("anybody may");
    let texts = ["", "hello", r#"{"type":"success","ref":1}"#, "{", "\u{0}\u{1f980}\u{10ffff}", &"x".repeat(1_000_000)];
    for text in texts {
        client.send_text(text);
        client.binary(text);
    }
    for text in texts {
        assert_eq!(client.expect_text().await, text);
        assert_eq!(client.expect_binary().await, text);
    }
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn limits_are_those_of_the_flags() {
    let app = app("--message-bytes 100 --rate 10");
    let mut long = app.connect::<Echo>("/").await.expect("anybody may");
    long.send_text(&"x".repeat(100));
    assert_eq!(long.expect_text().await.len(), 100);
    long.send_text(&"x".repeat(101));
    assert_eq!(long.expect_close().await.0, CloseCode::TOO_BIG);

    let mut many = app.connect::<Echo>("/").await.expect("anybody may");
    for _ in 0..10 {
        many.send_text("x");
        assert_eq!(many.expect_text().await, "x");
    }
    // Groups of frames may be a quarter over.
    for _ in 0..10 {
        many.send_text("x");
    }
    assert_eq!(many.expect_close().await.0, CloseCode::POLICY);
}

#[test]
fn each_flag_sets_its_own_limit() {
    let default = config("");
    assert_eq!((default.message_bytes, default.frame_bytes), (16 << 20, 16 << 20));
    assert_eq!((default.message_fragments, default.outbox_bytes), (100_000, 64 << 20));
    assert!(default.message_rate.is_none() && default.compression.is_none());
    let set = config("--fragments 3 --outbox-bytes 5 --deflate --message-bytes 7");
    assert_eq!((set.message_bytes, set.message_fragments, set.outbox_bytes), (7, 3, 5));
    assert!(set.message_rate.is_none() && set.compression.is_some());
}

#[test]
fn what_is_no_flag_is_said() {
    let mistake = |flags: &str| echo::config(flags.split_whitespace().map(String::from)).unwrap_err();
    assert_eq!(mistake("--compress"), "there is no flag --compress");
    assert_eq!(mistake("--deflate --rate"), "--rate needs a number");
    assert_eq!(mistake("--rate 0"), "--rate can't be 0");
    assert_eq!(mistake("--message-bytes 1MiB"), "--message-bytes can't be 1MiB");
    assert!(echo::config(["--help".into()]).unwrap().is_none());
}

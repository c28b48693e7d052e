//! Ctrl-c: the first stops the server in order, the second at once. Alone in its process, for a signal is the whole process's.
#![cfg(unix)]

mod support;

use std::process::Command;
use std::time::Duration;

use channel_runtime::{Close, Config, channel, channels};
use support::{Frame, Raw, within};
use tokio::sync::mpsc;

#[channel("/stubborn", app = mpsc::UnboundedSender<()>)]
pub struct Stubborn;

#[channel]
impl Stubborn {
    async fn on_close(&mut self, _: Close, closing: &mpsc::UnboundedSender<()>) {
        closing.send(()).unwrap();
        std::future::pending::<()>().await;
    }
}

fn interrupt() {
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {}", std::process::id())]).status().unwrap();
    assert!(kill.success());
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait_for_what_the_first_one_waits_for() {
    let (closing, mut closes) = mpsc::unbounded_channel();
    let config = Config::default().shutdown_timeout(Duration::from_secs(3600));
    let bound = channels![Stubborn].app(closing).config(config).bind("127.0.0.1:0").await.unwrap();
    let addr = bound.local_addr();
    let mut served = tokio::spawn(bound.run());
    let mut raw = Raw::open(addr, "/stubborn").await;
    interrupt();
    raw.expect(Frame::close(1001, "the server goes away")).await;
    within(closes.recv()).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!served.is_finished(), "the first waits for `on_close`");
    interrupt();
    within(&mut served).await.unwrap().unwrap();
}

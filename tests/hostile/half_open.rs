//! Those who end a half of the connection, or none, or all of it without a word.

use std::time::Duration;

use channel_runtime::{ClosedBy, Config};

use super::Attack;
use super::seen::{Seen, answered, closed};
use super::stage::{SQUARE, Stage};
use crate::support::{Frame, close, head, masked, text, upgrade};

pub fn attacks() -> Vec<Attack> {
    let short = || Config::default().close_timeout(Duration::from_millis(100));
    let pinging = Config::default().ping_interval(Duration::from_millis(300)).pong_timeout(Duration::from_millis(800));
    vec![
        Attack::does("end_without_a_close", "ends its half without a Close", "cut, as lost", async |stage| {
            ends(stage, &[]).await
        }),
        Attack::does("end_within_a_frame", "ends its half within a frame", "cut, as lost", async |stage| {
            ends(stage, &head(0x82, 1000)).await
        }),
        Attack::does(
            "end_within_a_message",
            "ends its half within a fragmented message",
            "cut, as lost",
            async |stage| ends(stage, &masked(0x01, "{")).await,
        ),
        Attack::does(
            "end_before_an_answer",
            "ends its half while an answer is owed to it",
            "success, cut",
            async |stage| {
                let mut raw = stage.attacker().await;
                raw.write(text(r#"{"type":"later","ref":1}"#)).await;
                raw.shutdown().await;
                let mut seen = Seen::default();
                while let Some(frame) = raw.frame().await {
                    if frame != Frame::pong(b"") {
                        seen.add(&frame);
                    }
                }
                seen.and("cut")
            },
        ),
        Attack::does("reset_before_an_answer", "a reset while an answer is owed to it", "as lost", async |stage| {
            resets(stage, &text(r#"{"type":"later","ref":1}"#)).await
        }),
        Attack::does("end_of_a_request", "ends its half with its handshake", "101, cut", async |stage| {
            let mut raw = stage.server.connect().await;
            raw.write(upgrade(SQUARE)).await;
            raw.shutdown().await;
            answered(raw).await
        }),
        Attack::does("reset", "a reset instead of a Close", "as lost", async |stage| resets(stage, &[]).await),
        Attack::does("reset_within_a_frame", "a reset within a frame", "as lost", async |stage| {
            resets(stage, &head(0x82, 1000)).await
        }),
        Attack::does(
            "reset_behind_the_handshake",
            "a reset right behind the handshake",
            "nothing is left",
            async |stage| {
                let mut raw = stage.server.connect().await;
                raw.write(upgrade(SQUARE)).await;
                raw.reset();
                "nothing is left".into()
            },
        ),
        Attack::does("silence", "says nothing, and answers no ping", "closed with 1013: no pong came", silence)
            .with(pinging),
        Attack::does("close_and_stay", "says Close, and does not go", "closed with 1000, cut", async |stage| {
            stays(stage, &close(1000, "")).await
        })
        .with(short()),
        Attack::does(
            "violation_and_stay",
            "says what may not be said, and does not go",
            "closed with 1002: reserved bits are set, cut",
            async |stage| stays(stage, &masked(0xF1, "")).await,
        )
        .with(short()),
        Attack::does(
            "violation_and_flood",
            "says what may not be said, and goes on without end",
            "closed with 1002: reserved bits are set, cut",
            floods_on,
        )
        .with(short()),
    ]
}

/// Ends its half behind this.
async fn ends(stage: &mut Stage, says: &[u8]) -> String {
    let lost = stage.hub.ended(ClosedBy::Lost);
    let mut raw = stage.attacker().await;
    raw.write(says).await;
    raw.shutdown().await;
    let seen = match raw.frame().await {
        None => "cut".into(),
        Some(frame) => closed(&frame),
    };
    format!("{seen}, {}", as_lost(stage, lost).await)
}

async fn resets(stage: &mut Stage, says: &[u8]) -> String {
    let lost = stage.hub.ended(ClosedBy::Lost);
    let mut raw = stage.attacker().await;
    raw.write(says).await;
    raw.reset();
    as_lost(stage, lost).await
}

/// One more was lost than this.
async fn as_lost(stage: &Stage, before: u64) -> String {
    stage.quiet().await;
    assert_eq!(stage.hub.ended(ClosedBy::Lost), before + 1);
    "as lost".into()
}

async fn silence(stage: &mut Stage) -> String {
    let mut raw = stage.attacker().await;
    let ending = async {
        loop {
            let frame = raw.frame().await.expect("a close");
            if frame.first == 0x88 {
                return closed(&frame);
            }
        }
    };
    stage.throughout(ending).await
}

/// Is told that it ends, and is then cut, though it stays.
async fn stays(stage: &mut Stage, says: &[u8]) -> String {
    let mut raw = stage.attacker().await;
    raw.write(says).await;
    let seen = closed(&raw.frame().await.expect("a close"));
    stage.serves_the_honest().await;
    stage.quiet().await;
    format!("{seen}, cut")
}

async fn floods_on(stage: &mut Stage) -> String {
    let mut raw = stage.attacker().await;
    raw.write(masked(0xF1, "")).await;
    let seen = closed(&raw.frame().await.expect("a close"));
    let chunk = masked(0x82, vec![7; 1000]);
    // Until it can't: the server reads what has no meaning any more, so that its Close is not lost, but not for ever.
    stage.throughout(async { while raw.write_if_open(&chunk).await {} }).await;
    format!("{seen}, cut")
}

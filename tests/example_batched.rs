//! The example `batched`: measurements of all sensors share a commit, and each has its answer.

use std::sync::Arc;

use batched::{Measured, SensorChannel, Store, Stored};
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Received, ReceivedBody};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/batched.rs"]
mod batched;

async fn sensor(app: &TestApp<Store>, name: &str) -> Client<SensorChannel> {
    app.connect(&format!("/sensors/{name}")).await.expect("all may connect")
}

fn measured(celsius: f64) -> Measured {
    Measured { celsius }
}

#[tokio::test(start_paused = true)]
async fn what_all_sensors_measure_at_once_shares_a_commit() {
    let app = testing::app(batched::server(Arc::default()));
    let mut sensors = [sensor(&app, "roof").await, sensor(&app, "cellar").await, sensor(&app, "garden").await];
    for celsius in [7.0, 7.5] {
        for sensor in &mut sensors {
            sensor.send(measured(celsius));
        }
    }
    let mut rows = Vec::new();
    for sensor in &mut sensors {
        let stored: [Stored; 2] = [sensor.expect().await, sensor.expect().await];
        assert!(stored[0].row < stored[1].row, "in the order measured");
        assert!(stored.iter().all(|stored| (stored.together, stored.commits) == (6, 1)), "{stored:?}");
        rows.extend(stored.map(|stored| stored.row));
    }
    rows.sort_unstable();
    assert_eq!(rows, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_of_fifty_at_most() {
    let app = testing::app(batched::server(Arc::default()));
    let mut roof = sensor(&app, "roof").await;
    for _ in 0..120 {
        roof.send(measured(7.0));
    }
    let mut together = Vec::new();
    for row in 0..120 {
        let stored: Stored = roof.expect().await;
        assert_eq!(stored.row, row);
        together.push(stored.together);
    }
    assert_eq!([together[0], together[50], together[119]], [50, 50, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_measurement_that_cannot_be_is_told_to_its_sensor_alone() {
    let app = testing::app(batched::server(Arc::default()));
    let (mut roof, mut sun) = (sensor(&app, "roof").await, sensor(&app, "sun").await);
    roof.send(measured(7.0));
    assert_eq!(
        sun.request(measured(5500.0)).error("validation").await.message,
        "No place on Earth is that warm or cold"
    );
    assert_eq!(roof.expect::<Stored>().await, Stored { row: 0, together: 1, commits: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_told_to_all_whose_it_was() {
    let store = Arc::new(Store::default());
    let app = testing::app(batched::server(store.clone()));
    let mut sensors = [sensor(&app, "roof").await, sensor(&app, "cellar").await];
    store.fill();
    for sensor in &mut sensors {
        sensor.send_text(r#"{"type":"measured","ref":"mine","celsius":7}"#);
    }
    for sensor in &mut sensors {
        let text = sensor.expect_text().await;
        let received = Received::<SensorChannel>::from_text(&text).expect("an error");
        assert_eq!(received.reference.map(|reference| reference.to_string()).as_deref(), Some("mine"), "{text}");
        assert!(matches!(received.body, ReceivedBody::Error { fault, .. } if fault.code == "store.full"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_cut_off_goes_on_and_what_it_had_measured_is_stored() {
    let app = testing::app(batched::server(Arc::default()));
    let mut roof = sensor(&app, "roof").await;
    roof.send(measured(7.0));
    roof.lose();
    let mut roof = roof.come_back().await;
    roof.send(measured(7.5));
    assert_eq!(roof.expect::<Stored>().await, Stored { row: 1, together: 1, commits: 2 });
    roof.expect_nothing().await;
}

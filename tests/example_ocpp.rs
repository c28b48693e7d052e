//! The example `ocpp`: stations that call and are called. Those of the Python package speak to it in `tests/clients`.

use channel_runtime::testing::{self, Client, TestApp};
use ocpp::{BootNotification, RemoteStartTransaction, Station};
use serde_json::{Value, json};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/ocpp/main.rs"]
mod ocpp;

async fn connect(app: &TestApp<()>, name: &str) -> Client<Station> {
    app.connect::<Station>(&format!("/ocpp/{name}")).offering("ocpp1.6").await.expect("anybody may")
}

/// The id of the call to begin, which the station receives.
async fn called(station: &mut Client<Station>, card: &str) -> String {
    let call: Value = serde_json::from_str(&station.expect_text().await).expect("JSON");
    let id = call[1].as_str().expect("an id").to_owned();
    assert_eq!(call, json!([2, id, "RemoteStartTransaction", { "idTag": card }]));
    id
}

#[tokio::test]
async fn a_station_boots_unless_it_is_refused_by_a_code_of_ocpp() {
    let app = testing::app(ocpp::server());
    let mut station = connect(&app, "CP1").await;
    let boot = |vendor: &str| BootNotification { charge_point_vendor: vendor.into(), charge_point_model: "M".into() };
    assert_eq!(station.request(boot("V")).success().await["status"], "Accepted");
    let refused = station.request(boot("Thief")).error("ocpp.SecurityError").await;
    assert_eq!(refused.message, "CP1 is not ours");
}

#[tokio::test]
async fn one_call_to_a_station_is_open_at_a_time_and_each_operator_has_its_own_answer() {
    let app = testing::app(ocpp::server());
    let mut station = connect(&app, "CP1").await;
    let begin = async |card: &str| {
        let answer = app.post(&format!("/start/CP1/{card}")).await;
        (answer.status.as_u16(), answer.text().to_owned())
    };
    let stations_side = async {
        let first = called(&mut station, "ANN").await;
        station.expect_nothing().await;
        station.send_text(&format!(r#"[3,"{first}",{{"status":"Accepted"}}]"#));
        let second = called(&mut station, "EVE").await;
        station.send_text(&format!(r#"[4,"{second}","InternalError","the plug is stuck",{{}}]"#));
        station.expect_nothing().await;
    };
    let (ann, eve, ()) = tokio::join!(begin("ANN"), begin("EVE"), stations_side);
    assert_eq!(ann, (200, "Accepted".to_owned()));
    assert_eq!((eve.0, eve.1.contains("ocpp.InternalError: the plug is stuck")), (502, true), "{}", eve.1);
    drop(station);
    app.settle().await;
    assert_eq!(begin("ANN").await, (404, "this station is not connected".to_owned()));
}

#[tokio::test]
async fn a_call_is_a_message_to_the_test_kit() {
    let app = testing::app(ocpp::server());
    let mut station = connect(&app, "CP1").await;
    let called = async {
        let call = station.expect::<RemoteStartTransaction>().await;
        station.close();
        call.id_tag
    };
    let (answer, card) = tokio::join!(app.post("/start/CP1/ANN"), called);
    assert_eq!((answer.status.as_u16(), &*card), (502, "ANN"), "it was called, and has not answered");
}

//! A message is held against the rules of its struct before its handler is called.

use channel_runtime::testing::{self, Client};
use channel_runtime::{DecodeError, Fault, Success, channel, channels, message};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[message(type = "order", validate)]
#[derive(Validate)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    #[garde(length(min = 1, max = 8))]
    customer_name: String,
    #[serde(rename = "n")]
    #[garde(range(max = 9))]
    number: u32,
    #[garde(dive)]
    lines: Vec<Line>,
    #[garde(skip)]
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Serialize, Deserialize, Validate)]
pub struct Line {
    #[serde(rename = "article")]
    #[garde(custom(is_known))]
    item: String,
}

fn is_known(item: &str, _: &()) -> garde::Result {
    match item {
        "panic" => panic!("a rule panics"),
        "tea" => Ok(()),
        other => Err(garde::Error::new(format!("there is no {other}"))),
    }
}

/// Has rules, and says nothing of them.
#[message(type = "free")]
#[derive(Validate)]
pub struct Free {
    #[garde(length(max = 1))]
    text: String,
}

#[channel("/shop/:name")]
pub struct Shop {
    name: String,
}

#[channel]
impl Shop {
    #[message]
    fn order(&mut self, order: Order) -> Success<usize> {
        Success(order.customer_name.len() + order.number as usize + order.lines.len() + order.notes.len())
    }

    #[message]
    fn free(&mut self, free: Free) -> Success<usize> {
        Success(free.text.len())
    }

    fn on_invalid(&mut self, error: DecodeError) -> Option<Fault> {
        match error {
            DecodeError::Validation { kind, fields } if self.name == "polite" => {
                Some(Fault::new("shop.sorry", format!("{kind}: {} of {}", fields[0].message, fields[0].path)))
            }
            error => Some(error.into()),
        }
    }
}

async fn client(name: &str) -> Client<Shop> {
    testing::app(channels![Shop].app(())).connect::<Shop>(&format!("/shop/{name}")).await.unwrap()
}

fn order(customer: &str, number: u32, items: &[&str]) -> Order {
    let lines = items.iter().map(|item| Line { item: (*item).into() }).collect();
    Order { customer_name: customer.into(), number, lines, notes: Vec::new() }
}

#[tokio::test]
async fn what_keeps_to_its_rules_is_handled() {
    let mut client = client("a").await;
    assert_eq!(client.request(order("ann", 9, &["tea"])).success().await, 13);
    assert_eq!(client.request(Free { text: "long".into() }).success().await, 4);
}

#[tokio::test]
async fn all_that_is_wrong_is_one_error_by_the_keys_of_the_wire() {
    let mut client = client("a").await;
    let fault = client.request(order("", 10, &["tea", "wood"])).error(Fault::VALIDATION).await;
    assert_eq!(fault.message, r#"invalid message of type "order""#);
    let fields = json!([
        { "path": "customerName", "message": "length is lower than 1" },
        // Its own struct's serde is not known here.
        { "path": "lines[1].item", "message": "there is no wood" },
        { "path": "n", "message": "greater than 9" },
    ]);
    assert_eq!(fault.details, json!({ "fields": fields }));
    client.send_text(r#"{"type":"order"}"#);
    client.expect_error(Fault::INVALID_PAYLOAD).await;
}

#[tokio::test]
async fn an_error_is_bounded_whatever_is_wrong() {
    let mut client = client("a").await;
    let long = "wood".repeat(100);
    let fault = client.request(order("ann", 1, &[long.as_str(); 100])).error(Fault::VALIDATION).await;
    let fields = fault.details["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 16);
    assert!(fields.iter().all(|field| field["message"].as_str().unwrap().len() == 256), "{fields:?}");
}

#[tokio::test]
async fn on_invalid_hears_of_it() {
    let mut client = client("polite").await;
    let fault = client.request(order("", 1, &[])).error("shop.sorry").await;
    assert_eq!(fault.message, "order: length is lower than 1 of customerName");
}

#[tokio::test]
async fn a_panic_in_a_rule_is_a_panic_of_the_channel_s() {
    let mut client = client("a").await;
    client.request(order("ann", 1, &["panic"])).error(Fault::INTERNAL).await;
    client.expect_close().await;
}

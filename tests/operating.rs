//! `docs/operating.md`: the programs that stand there, run as they are, but for the port.

#[cfg(feature = "cluster")]
#[path = "support/buses.rs"]
mod buses;
#[cfg(feature = "cluster")]
#[path = "support/prometheus.rs"]
mod prometheus;
mod support;

#[cfg(feature = "cluster")]
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
#[cfg(feature = "cluster")]
use std::path::Path;
use std::process::{Output, Stdio};
#[cfg(feature = "cluster")]
use std::sync::Arc;

#[cfg(feature = "cluster")]
use buses::Bus;
#[cfg(feature = "cluster")]
use channel_runtime::Nats;
use channel_runtime::{Ops, OpsToken, Server, channel, channels, message};
#[cfg(feature = "cluster")]
use prometheus::Prometheus;
#[cfg(feature = "cluster")]
use serde_json::Value;
#[cfg(feature = "cluster")]
use support::Raw;
use support::{Running, run, within};
use tokio::process::Command;
#[cfg(feature = "cluster")]
use tokio::sync::Semaphore;

const SECRET: &str = "publisher-0123456789abcdef0123456789";

#[message(type = "leading")]
pub struct Leading {
    lot: u64,
    by: String,
    amount: u64,
}

#[channel("/auction/:lot")]
pub struct Auction {
    lot: u64,
}

#[channel(sends(Leading))]
impl Auction {}

async fn start() -> (Running, SocketAddr) {
    serve(channels![Auction].app(()), ops()).await
}

fn ops() -> Ops {
    Ops::new().metrics().publish(OpsToken::new(SECRET).unwrap())
}

async fn serve(server: Server<()>, ops: Ops) -> (Running, SocketAddr) {
    let bound = server.ops("127.0.0.1:0", ops).bind("127.0.0.1:0").await.unwrap();
    let (addr, ops) = (bound.local_addr(), bound.ops_addr().unwrap());
    (run(addr, bound), ops)
}

/// A server that writes all numbers that there are: one in a cluster.
#[cfg(feature = "cluster")]
async fn start_in_a_cluster(ops: Ops) -> (Running, SocketAddr, Bus) {
    let bus = Bus::nats().await;
    let channels = channels![Auction; cluster].over(Nats::at(bus.url())).await.unwrap();
    let (server, ops) = serve(channels.app(()), ops).await;
    (server, ops, bus)
}

/// The blocks of the page in this language.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string("docs/operating.md").unwrap();
    let begin = format!("```{language}\n");
    page.split(&begin).skip(1).map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

async fn output(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("PUBLISH_TOKEN", SECRET).stdin(Stdio::null()).kill_on_drop(true);
    within(command.output()).await.unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn curl_publishes() {
    let (server, ops) = start().await;
    let mut client = server.raw("/auction/42").await;
    let script = blocks("sh").remove(0).replace("127.0.0.1:9090", &ops.to_string());
    let answer = text(&output("sh", &["-c", &script]).await);
    assert_eq!(answer, r#"{"recipients":1,"refused":0,"elsewhere":"nowhere"}"#);
    assert_eq!(client.frame().await.unwrap().payload, br#"{"type":"leading","lot":42,"by":"ann","amount":9}"#);
    let wrong = script.replace("Bearer $", "Bearer x$");
    let refused = output("sh", &["-c", &wrong]).await;
    assert!(!refused.status.success() && refused.stdout.starts_with(br#"{"code":"unauthorized""#), "{refused:?}");
}

#[tokio::test]
async fn a_program_in_python_publishes_and_is_told_what_is_wrong() {
    let (server, ops) = start().await;
    let mut client = server.raw("/auction/42").await;
    let program = blocks("python").remove(0).replace("127.0.0.1:9090", &ops.to_string());
    let expected = blocks("text").remove(0);
    for _ in 0..2 {
        assert_eq!(text(&output("python3", &["-c", &program]).await).trim_end(), expected);
    }
    // The second time by the same key.
    assert_eq!(client.frame().await.unwrap().payload, br#"{"type":"leading","lot":42,"by":"bob","amount":10}"#);
    let other = blocks("sh").remove(0).replace("127.0.0.1:9090", &ops.to_string());
    text(&output("sh", &["-c", &other]).await);
    assert_eq!(client.frame().await.unwrap().payload, br#"{"type":"leading","lot":42,"by":"ann","amount":9}"#);
}

#[cfg(feature = "cluster")]
async fn page(ops: SocketAddr) -> String {
    let response = Raw::connect(ops).await.request("GET /metrics HTTP/1.1\r\nHost: ops\r\n\r\n").await;
    assert_eq!(response.status, 200);
    response.body
}

/// All words of ours in these expressions.
#[cfg(feature = "cluster")]
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    words.filter(|word| word.starts_with("channels_")).collect()
}

/// Each expression of the dashboard, with its variables as Grafana fills them in.
#[cfg(feature = "cluster")]
fn expressions() -> Vec<String> {
    fn find(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("expr").and_then(Value::as_str).map(String::from));
                fields.values().for_each(|value| find(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| find(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    find(&serde_json::from_str(&fs::read_to_string("ops/grafana.json").unwrap()).unwrap(), &mut found);
    found.into_iter().map(|text| text.replace("$__rate_interval", "1m").replace("$instance", ".*")).collect()
}

#[tokio::test]
#[cfg(feature = "cluster")]
async fn the_alerts_and_the_dashboard_and_the_page_of_the_docs_name_what_a_server_writes() {
    let (_server, ops, _bus) = start_in_a_cluster(ops()).await;
    let page = page(ops).await;
    let written: BTreeSet<_> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let (alerts, docs) = ["ops/alerts.yml", "docs/operating.md"].map(|file| fs::read_to_string(file).unwrap()).into();
    let asked: Vec<_> = alerts.lines().filter(|line| line.contains("channels_")).collect();
    let asked = format!("{}{}", asked.join("\n"), expressions().join("\n"));
    let unknown: Vec<_> = names(&asked).difference(&written).copied().collect();
    assert!(unknown.is_empty(), "{unknown:?} are not in {page}");
    let (_, table) = docs.split_once("## Numbers").unwrap();
    assert_eq!(names(table.split("## Stopping").next().unwrap()), written);
}

#[tokio::test]
#[cfg(feature = "cluster")]
async fn promtool_finds_nothing_to_mend_in_the_page_and_the_alerts() {
    let (_server, ops, _bus) = start_in_a_cluster(ops()).await;
    let folder = tempfile::tempdir().unwrap();
    let numbers = folder.path().join("page");
    fs::write(&numbers, page(ops).await).unwrap();
    text(&output("sh", &["-c", &format!("promtool check metrics <'{}'", numbers.display())]).await);
    text(&output("promtool", &["check", "rules", "ops/alerts.yml"]).await);
}

#[tokio::test]
#[cfg(feature = "cluster")]
async fn a_prometheus_has_a_value_for_each_expression_of_the_dashboard_and_of_the_alerts_of_which_none_fires() {
    let asked = Arc::new(Semaphore::new(0));
    let counts = Arc::clone(&asked);
    let counting = ops().more_metrics(move || {
        counts.add_permits(1);
        String::new()
    });
    let (_server, ops, _bus) = start_in_a_cluster(counting).await;
    let prometheus = Prometheus::start(ops, Path::new("ops/alerts.yml")).await;
    // A rate is of two pages at least. One is stored before the next is asked for.
    within(async {
        while prometheus.query("sum_over_time(up[1m]) >= 2").await.is_empty() {
            asked.acquire().await.unwrap().forget();
        }
    })
    .await;
    for expression in expressions() {
        assert!(!prometheus.query(&expression).await.is_empty(), "{expression} has no value");
    }
    let alerts = prometheus.alerts().await;
    assert_eq!(alerts.len(), fs::read_to_string("ops/alerts.yml").unwrap().matches("- alert: ").count());
    for (name, expression) in alerts {
        let fires = prometheus.query(&expression).await;
        assert!(fires.is_empty(), "{name}: {fires:?}");
        // With `bool` a comparison is 0 or 1 of whatever has a value.
        let compared = expression.replace(" > ", " > bool ").replace(" == ", " == bool ");
        assert!(compared.contains(" bool ") && !prometheus.query(&compared).await.is_empty(), "{name} has no value");
    }
}

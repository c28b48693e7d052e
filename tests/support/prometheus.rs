//! A Prometheus for a test: the real program, on a free port of 127.0.0.1, killed when dropped.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Prometheus {
    addr: String,
    _process: Child,
    _place: TempDir,
}

impl Prometheus {
    /// It asks this server twice a second, and has these rules.
    pub async fn start(asks: SocketAddr, rules: &Path) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let configuration = place.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 500ms, scrape_timeout: 500ms }}\n\
             rule_files: ['{}']\n\
             scrape_configs: [{{ job_name: channels, static_configs: [{{ targets: ['{asks}'] }}] }}]\n",
            fs::canonicalize(rules).expect("rules").display()
        );
        fs::write(&configuration, text).expect("a directory of the test's own");
        let mut process = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.tsdb.path={}", place.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus: {error}: `apt-get install prometheus`, or run tests/run.sh"));
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let (mut log, mut addr) = (String::new(), None);
        let ready = async {
            while let Some(line) = lines.next_line().await.expect("text") {
                if line.contains("\"Listening on\"") {
                    addr = line.rsplit_once("address=").map(|(_, addr)| addr.to_owned());
                }
                if line.contains("Server is ready") {
                    return true;
                }
                log += &line;
                log.push('\n');
            }
            false
        };
        assert!(timeout(PATIENCE, ready).await.expect("it starts in time"), "it ended:\n{log}");
        // Or it would wait for us once the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { addr: addr.unwrap_or_else(|| panic!("no address in\n{log}")), _process: process, _place: place }
    }

    /// What this expression is now: one for each set of labels.
    pub async fn query(&self, expression: &str) -> Vec<Value> {
        let argument = format!("query={expression}");
        let data = self.get("query", &["--data-urlencode", &argument]).await;
        serde_json::from_value(data["result"].clone()).unwrap_or_else(|error| panic!("{expression}: {error}: {data}"))
    }

    /// The expression of each alert, by its name.
    pub async fn alerts(&self) -> Vec<(String, String)> {
        let data = self.get("rules", &["--data-urlencode", "type=alert"]).await;
        let groups = data["groups"].as_array().expect("a list").iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().expect("a list"));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        rules.map(|rule| (text(&rule["name"]), text(&rule["query"]))).collect()
    }

    async fn get(&self, what: &str, arguments: &[&str]) -> Value {
        let url = format!("http://{}/api/v1/{what}", self.addr);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--get", &url]).args(arguments).kill_on_drop(true);
        let output = timeout(PATIENCE, curl.output()).await.expect("it answers in time").expect("there is a `curl`");
        let mut answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
        assert_eq!(answer["status"], "success", "{arguments:?}: {answer}");
        answer["data"].take()
    }
}

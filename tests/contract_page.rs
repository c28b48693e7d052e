//! The page of `contract::page`: its files, its headers, and where it is mounted. `tests/browser/contract.test.mjs` opens it.

use channel_runtime::http::StatusCode;
use channel_runtime::testing::{self, HttpResponse, TestApp};
use channel_runtime::{Server, channel, channels, contract, message};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[channel("/chat/:room")]
pub struct Chat {
    room: String,
}

#[channel]
impl Chat {
    #[message]
    fn say(&self, _say: Say) {}
}

mod hidden {
    use channel_runtime::{channel, message};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub struct Piece(u8);

    #[message(type = "move")]
    pub struct Move {
        piece: Vec<Piece>,
    }

    #[channel("/game")]
    pub struct Game;

    #[channel]
    impl Game {
        #[message]
        fn play(&self, _move: Move) {}
    }
}

fn mounted(server: Server<()>) -> TestApp<()> {
    let page = contract::page(&server);
    testing::app(server.or(page))
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
    response.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_file_is_there_with_its_type_and_a_strict_policy() {
    let app = mounted(channels![Chat].app(()));
    for (path, kind, part) in [
        ("/channels", "text/html; charset=utf-8", "channels/page.js"),
        ("/channels/page.js", "text/javascript; charset=utf-8", "./client.js"),
        ("/channels/form.js", "text/javascript; charset=utf-8", "export class Form"),
        ("/channels/page.css", "text/css; charset=utf-8", "prefers-color-scheme: dark"),
        ("/channels/asyncapi.json", "application/json", "\"address\": \"/chat/{room}\""),
        ("/channels/client.js", "text/javascript; charset=utf-8", "export class Chat extends Channel"),
    ] {
        let response = app.get(path).await;
        assert_eq!(response.status, StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), kind, "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert!(response.text().contains(part), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_in_the_page_needs_another_host_or_a_script_within() {
    let app = mounted(channels![Chat].app(()));
    let page = app.get("/channels").await.text().to_owned();
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("<style"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains(" on"), "no listener in an attribute");
}

#[tokio::test(start_paused = true)]
async fn a_slash_behind_the_page_leads_to_it_and_other_paths_to_nothing() {
    let app = mounted(channels![Chat].app(()));
    let response = app.get("/channels/").await;
    assert_eq!(response.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(header(&response, "location"), "../channels");
    for path in ["/channels/other.js", "/channels/page.js/", "/channelsx", "/channels/..%2fpage.js"] {
        assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(app.post("/channels").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn it_is_nowhere_if_it_is_not_mounted() {
    let app = testing::app(channels![Chat].app(()));
    assert_eq!(app.get("/channels").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn what_is_opaque_is_said_on_the_page_which_works_all_the_same() {
    let app = mounted(channels![Chat].app(()));
    assert!(!app.get("/channels").await.text().contains("data-role=\"opaque\""));
    let app = mounted(channels![hidden::Game].app(()));
    let page = app.get("/channels").await.text().to_owned();
    assert!(page.contains("data-role=\"opaque\"") && page.contains("<code>Piece</code>"), "{page}");
    assert!(app.get("/channels/asyncapi.json").await.text().contains("\"piece\""));
    assert!(app.get("/channels/client.js").await.text().contains("class Game"));
}

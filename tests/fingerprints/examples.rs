//! What the channels of each example are, and which examples there are.

use std::collections::BTreeSet;
use std::fs;

use channel_runtime::channels;
use channel_runtime::describe::Description;

macro_rules! examples {
    ($($(#[$attribute:meta])* $name:ident: $path:literal)*) => {
        $($(#[$attribute])* #[path = $path] pub mod $name;)*
    };
}

examples! {
    axum: "../../examples/axum.rs"
    batched: "../../examples/batched.rs"
    board: "../../examples/board/main.rs"
    chat: "../../examples/chat.rs"
    #[cfg(feature = "cluster")]
    cluster: "../../examples/cluster/node.rs"
    echo: "../../examples/echo.rs"
    game: "../../examples/game.rs"
    graphql_ws: "../../examples/graphql_ws.rs"
    history: "../../examples/history.rs"
    json_rpc: "../../examples/json_rpc.rs"
    metrics: "../../examples/metrics.rs"
    notifications: "../../examples/notifications.rs"
    ocpp: "../../examples/ocpp/main.rs"
    phoenix: "../../examples/phoenix.rs"
    pooled: "../../examples/pooled.rs"
    secure: "../../examples/secure.rs"
    subprotocols: "../../examples/subprotocols.rs"
    sync: "../../examples/sync/main.rs"
    ticker: "../../examples/ticker/main.rs"
    users: "../../examples/users.rs"
    whiteboard: "../../examples/whiteboard.rs"
}

/// Each example's name, with the list of channels that it serves.
pub fn all() -> Vec<(&'static str, Description)> {
    vec![
        ("axum", channels![axum::Topic].app(()).describe()),
        ("board", channels![board::Board].app(()).describe()),
        ("chat", channels![chat::ChatChannel].app(()).describe()),
        ("echo", channels![echo::Echo].app(()).describe()),
        ("graphql_ws", channels![graphql_ws::Operations].app(()).describe()),
        ("json_rpc", channels![json_rpc::Rpc].app(()).describe()),
        ("metrics", channels![metrics::Chat].app(()).describe()),
        ("ocpp", channels![ocpp::Station].app(()).describe()),
        ("phoenix", channels![phoenix::Room].app(()).describe()),
        ("subprotocols", subprotocols::server().describe()),
        ("users", channels![users::UserChannel].app(()).describe()),
        ("whiteboard", channels![whiteboard::BoardChannel].app(()).describe()),
        ("batched", channels![batched::SensorChannel].describe()),
        ("game", channels![game::GameChannel].describe()),
        ("history", channels![history::Room].describe()),
        ("notifications", channels![notifications::NotificationChannel].describe()),
        ("pooled", channels![pooled::Poll].describe()),
        ("secure", channels![secure::AuthenticatedChannel].describe()),
        ("sync", channels![sync::SyncChannel].describe()),
        ("ticker", channels![ticker::Newest, ticker::Each].app(()).describe()),
        #[cfg(feature = "cluster")]
        ("cluster", channels![cluster::Chat].describe()),
    ]
}

/// The names of the examples that have channels, by what stands in the folder `examples`.
pub fn names() -> BTreeSet<String> {
    let entries = fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().path());
    let programs =
        entries.filter(|path| path.extension().is_some_and(|it| it == "rs") || path.join("main.rs").exists());
    let mut names: BTreeSet<_> = programs.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(names.remove("tls"), "it serves the channel of `chat`, and has none of its own");
    if !cfg!(feature = "cluster") {
        names.remove("cluster");
    }
    names
}

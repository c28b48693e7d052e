//! What two or three nodes do together, whatever the bus.

use channel_runtime::testing::Client;
use channel_runtime::{BusState, CloseCode, Elsewhere, NotTaken};

use crate::clustered::channels::{
    Hall, HallFromClient, Lobby, Node, Promoted, Said, Say, Symbol, Tick, Topic, heard, id, ticks, user,
};
use crate::clustered::nodes::Nodes;

fn said(text: &str) -> Said {
    Said { text: text.to_owned() }
}

fn say(to: &str, text: &str) -> Say {
    Say { to: to.to_owned(), text: text.to_owned() }
}

pub async fn a_room_is_one_room_on_all_nodes(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    let mut elsewhere = nodes.hall(1, "/hall/b").await;
    ann.send(say("room", "to the room"));
    ann.send(say("others", "to the others"));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["to the room"]);
    assert_eq!(heard(&mut bob), ["to the room", "to the others"]);
    assert!(heard(&mut elsewhere).is_empty());

    let sent = nodes[1].halls.room(&Hall::room("a")).send(said("from a hub"));
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Taken));
    // No member here.
    let sent = nodes[0].halls.room(&Hall::room("b")).send(said("to b"));
    assert_eq!((sent.recipients, sent.elsewhere), (0, Elsewhere::Taken));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["from a hub"]);
    assert_eq!(heard(&mut bob), ["from a hub"]);
    assert_eq!(heard(&mut elsewhere), ["to b"]);
}

pub async fn who_is_in_several_rooms_hears_each_send_once(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a").await;
    let mut bob = nodes.hall(1, "/hall/b").await;
    for client in [&mut ann, &mut bob] {
        client.send(HallFromClient::Join);
    }
    nodes.settle().await;
    nodes[0].halls.rooms([Symbol("acme"), Symbol("zeta")]).send(said("1"));
    nodes[1].halls.rooms([Hall::room("a"), Hall::room("b"), Hall::room("a")]).send(said("2"));
    nodes.settle().await;
    let rest = [r#"{"type":"said","$room":"symbol:acme","text":"1"}"#, r#"{"type":"said","text":"2"}"#];
    for client in [&mut ann, &mut bob] {
        // Of two nodes.
        let mut texts = client.take_texts();
        texts.sort();
        assert_eq!(texts, rest);
    }
}

pub async fn a_declared_room_is_named_in_the_frame_on_each_node(nodes: Nodes) {
    let mut ann = nodes.hall(1, "/hall/a").await;
    ann.send(HallFromClient::Join);
    nodes.settle().await;
    nodes[0].halls.room(&Symbol("zeta")).send(said("1"));
    nodes.settle().await;
    assert_eq!(ann.expect_text().await, r#"{"type":"said","$room":"symbol:zeta","text":"1"}"#);
}

pub async fn users_and_all_are_reached_on_each_node(nodes: Nodes) {
    let mut ann = [nodes.hall(0, "/hall/a?user=ann").await, nodes.hall(1, "/hall/b?user=ann").await];
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    let mut stranger = nodes.hall(1, "/hall/a").await;
    nodes[0].halls.user(&user("ann")).send(said("to ann"));
    nodes[0].halls.users([&user("ann"), &user("bob")]).send(said("to both"));
    nodes[1].halls.all().send(said("to all"));
    stranger.send(say("bob", "to bob"));
    nodes.settle().await;
    for ann in &mut ann {
        let mut heard = heard(ann);
        heard.sort();
        assert_eq!(heard, ["to all", "to ann", "to both"]);
    }
    let mut heard_by_bob = heard(&mut bob);
    heard_by_bob.sort();
    assert_eq!(heard_by_bob, ["to all", "to bob", "to both"]);
    assert_eq!(heard(&mut stranger), ["to all"]);
}

pub async fn exclusions_hold_on_each_node(nodes: Nodes) {
    let mut ann = nodes.app(0).connect::<Hall>("/hall/a?user=ann").await.unwrap();
    let mut ann2 = nodes.hall(1, "/hall/a?user=ann").await;
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    let ann_id = id(&mut ann).await;
    let room = nodes[1].halls.room(&Hall::room("a"));
    room.except(ann_id).send(said("but one"));
    room.except_user(&user("bob")).send(said("but bob"));
    room.only_user(&user("ann")).send(said("ann alone"));
    nodes[0].halls.all().except_user(&user("ann")).send(said("but ann"));
    nodes[0].halls.room(&Hall::room("a")).only_user(&user("ann")).except(ann_id).send(said("the other ann"));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["but bob", "ann alone"]);
    let mut heard_by_ann2 = heard(&mut ann2);
    heard_by_ann2.sort();
    assert_eq!(heard_by_ann2, ["ann alone", "but bob", "but one", "the other ann"]);
    let mut heard_by_bob = heard(&mut bob);
    heard_by_bob.sort();
    assert_eq!(heard_by_bob, ["but ann", "but one"]);
}

pub async fn a_connection_is_found_on_its_node(nodes: Nodes) {
    let mut ann = nodes.app(0).connect::<Hall>("/hall/a").await.unwrap();
    let id = id(&mut ann).await;
    let sent = nodes[1].halls.connection(id).send(said("from afar"));
    assert_eq!((sent.recipients, sent.elsewhere), (0, Elsewhere::Taken));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["from afar"]);
    let sent = nodes[0].halls.connection(id).send(said("from here"));
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Nowhere));
    nodes[1].halls.connection(id).disconnect(CloseCode::POLICY, "away with you");
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["from here"]);
    assert_eq!(ann.expect_close().await, (CloseCode::POLICY, "away with you".into()));
}

pub async fn a_disconnect_reaches_all_nodes_behind_what_was_sent_before(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut ann2 = nodes.hall(1, "/hall/b?user=ann").await;
    let mut ann_there = nodes.app(1).connect::<Lobby>("/lobby?user=ann").await.unwrap();
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    for text in ["1", "2"] {
        nodes[0].halls.all().send(said(text));
    }
    assert_eq!(nodes[0].users.user(&user("ann")).disconnect(CloseCode::FORBIDDEN, "banned"), 1);
    nodes[0].halls.all().send(said("3"));
    nodes.settle().await;
    for ann in [&mut ann, &mut ann2] {
        assert_eq!(heard(ann), ["1", "2"]);
        assert_eq!(ann.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    }
    assert_eq!(ann_there.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    assert_eq!(heard(&mut bob), ["1", "2", "3"]);

    nodes[0].halls.room(&Hall::room("a")).disconnect(CloseCode::GOING_AWAY, "closed");
    nodes.settle().await;
    assert_eq!(bob.expect_close().await, (CloseCode::GOING_AWAY, "closed".into()));
}

pub async fn a_move_reaches_all_nodes_and_not_who_is_there(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let bob = nodes.app(1).connect::<Hall>("/hall/a?user=bob").knowing().await.unwrap();
    let mut eve = nodes.hall(1, "/hall/b?user=eve").await;
    let there = Hall::room("b");
    assert_eq!(nodes[0].halls.all().redirect(&there), 1);
    nodes.settle().await;
    assert_eq!(ann.expect_close().await, (CloseCode::MOVED, "/hall/b".into()));
    let bob = bob.follow().await;
    assert_eq!(nodes[1].halls.room(&there).len(), 2);
    nodes[0].halls.room(&there).send(said("stays"));
    nodes.settle().await;
    assert_eq!(heard(&mut eve), ["stays"]);
    drop(bob);
}

pub async fn a_ban_reaches_who_is_just_coming_in_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&slow=true", Ban::AllChannels).await;
}

pub async fn a_ban_reaches_whose_extractors_still_run_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&reading=true", Ban::AllChannels).await;
}

pub async fn a_hub_s_ban_reaches_who_is_just_coming_in_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&slow=true", Ban::Hub).await;
}

pub async fn a_hub_s_ban_reaches_whose_extractors_still_run_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&reading=true", Ban::Hub).await;
}

pub async fn a_ban_that_nobody_waits_for_reaches_who_is_just_coming_in_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&slow=true", Ban::HubUnawaited).await;
}

pub async fn a_ban_that_nobody_waits_for_reaches_whose_extractors_still_run_on_another_node(nodes: Nodes) {
    banned_at_the_door(nodes, "/lobby?user=ann&reading=true", Ban::HubUnawaited).await;
}

#[derive(Clone, Copy)]
enum Ban {
    AllChannels,
    Hub,
    HubUnawaited,
}

impl Ban {
    async fn of_ann(self, node: &Node) {
        let (ann, why) = (user("ann"), (CloseCode::FORBIDDEN, "banned"));
        let banned = match self {
            Self::AllChannels => node.users.user(&ann).everywhere().disconnect(why.0, why.1).await,
            Self::Hub => node.lobbies.user(&ann).everywhere().disconnect(why.0, why.1).await,
            Self::HubUnawaited => {
                node.lobbies.user(&ann).disconnect(why.0, why.1);
                // Asked behind it.
                node.lobbies.all().everywhere().len().await
            }
        };
        assert!(banned.is_complete(), "{banned:?}");
    }
}

async fn banned_at_the_door(nodes: Nodes, path: &str, ban: Ban) {
    let app = nodes.app(1);
    let coming = app.connect::<Lobby>(path).without_waiting();
    let banning = async {
        nodes[1].waits.lock().await.recv().await.unwrap();
        ban.of_ann(&nodes[0]).await;
        nodes[1].app.door.notify_one();
    };
    let (coming, ()) = tokio::join!(coming, banning);
    match coming {
        Ok(mut client) => assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, "banned".into())),
        Err(reject) => assert_eq!(reject.status.as_u16(), 403),
    }
}

pub async fn a_notice_reaches_the_handlers_of_all_nodes(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut ann2 = nodes.hall(1, "/hall/b?user=ann").await;
    let mut bob = nodes.hall(0, "/hall/b?user=bob").await;
    let sent = nodes[0].halls.user(&user("ann")).notify(Promoted { to: "captain".into() });
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Taken));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["promoted to captain", "a has a promotion"]);
    assert_eq!(heard(&mut ann2), ["promoted to captain", "b has a promotion"]);
    assert_eq!(heard(&mut bob), ["b has a promotion"]);
}

pub async fn others_join_and_leave_rooms_on_all_nodes(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut ann2 = nodes.hall(1, "/hall/b?user=ann").await;
    let mut bob = nodes.hall(1, "/hall/b?user=bob").await;
    let acme = Symbol("acme");
    assert_eq!(nodes[0].halls.user(&user("ann")).join(&acme), 1);
    nodes[0].halls.room(&acme).send(said("to ann"));
    nodes.settle().await;
    assert_eq!(nodes[1].halls.room(&acme).len(), 1);
    nodes[0].halls.room(&Hall::room("b")).leave(&acme);
    nodes[0].halls.room(&acme).send(said("to those of a"));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["to ann", "to those of a"]);
    assert_eq!(heard(&mut ann2), ["to ann"]);
    assert!(heard(&mut bob).is_empty());
}

pub async fn a_message_made_under_the_lock_counts_those_who_are_here(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a").await;
    let mut bob = nodes.hall(1, "/hall/a").await;
    let mut eve = nodes.hall(1, "/hall/a").await;
    ann.send(say("counted", "hello"));
    nodes.settle().await;
    for client in [&mut ann, &mut bob, &mut eve] {
        assert_eq!(heard(client), ["1 here: hello"]);
    }
}

pub async fn each_client_hears_its_own_topic(nodes: Nodes) {
    let mut one = nodes.app(0).connect::<Topic>("/topic/1/websocket").await.unwrap();
    let mut other = nodes.app(1).connect::<Topic>("/topic/2/websocket").await.unwrap();
    nodes[0].topics.all().send(said("to all"));
    nodes.settle().await;
    let one = one.expect_text().await;
    let other = other.expect_text().await;
    assert!(one.contains("topic:1") && other.contains("topic:2"), "{one}\n{other}");
    assert_eq!(one.replace("topic:1", "topic:2"), other);
}

pub async fn of_a_key_all_nodes_have_the_newest_value(nodes: Nodes) {
    let mut ann = nodes.app(0).connect::<Hall>("/hall/a?user=ann").await.unwrap();
    let ann_id = id(&mut ann).await;
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    let rooms = [0, 1].map(|node| nodes[node].halls.room(&Hall::room("a")));
    let tick = |symbol: &str, n| Tick { symbol: symbol.into(), n };
    for (node, n) in [(0, 1), (1, 2), (0, 3)] {
        let sent = rooms[node].send(tick("acme", n));
        assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Taken));
        nodes.settle().await;
        for client in [&mut ann, &mut bob] {
            assert_eq!(ticks(client), [format!("acme {n}")]);
        }
    }
    rooms[1].except(ann_id).send(tick("acme", 4));
    rooms[1].except_user(&user("bob")).send(tick("zeta", 5));
    // Of a user alone there is no newest value.
    rooms[0].only_user(&user("bob")).send(tick("acme", 6));
    nodes[0].halls.rooms([Hall::room("a"), Hall::room("b")]).send(tick("many", 7));
    nodes.settle().await;
    let sorted = |client: &mut Client<Hall>| {
        let mut ticks = ticks(client);
        ticks.sort();
        ticks
    };
    assert_eq!(sorted(&mut ann), ["many 7", "zeta 5"]);
    assert_eq!(sorted(&mut bob), ["acme 4", "acme 6", "many 7"]);
    // Who enters is told the newest alone, on each node, and what another node has forgotten no more.
    assert!(rooms[0].forget::<Tick>("many"));
    nodes.settle().await;
    assert!(!rooms[1].forget::<Tick>("many"));
    for node in [0, 1] {
        let mut eve = nodes.app(node).connect::<Hall>("/hall/a?user=eve").await.unwrap();
        nodes.settle().await;
        assert_eq!(sorted(&mut eve), ["acme 4", "zeta 5"]);
    }
}

pub async fn who_is_the_first_in_its_room_on_a_node_is_told_what_was_sent_before(nodes: Nodes) {
    let mut ann = nodes.app(0).connect::<Hall>("/hall/a?user=ann").await.unwrap();
    let room = nodes[0].halls.room(&Hall::room("a"));
    // More than a parcel has.
    let long = |n: u32| format!("{n} {}", "x".repeat(30_000));
    for n in 0..4 {
        room.send(Tick { symbol: long(n), n });
    }
    room.except_user(&user("bob")).send(Tick { symbol: "acme".into(), n: 5 });
    room.send(Tick { symbol: "zeta".into(), n: 6 });
    nodes[0].halls.all().send(Tick { symbol: "all".into(), n: 7 });
    room.forget::<Tick>("zeta");
    nodes.settle().await;
    ann.take_texts();
    let mut bob = nodes.app(1).connect::<Hall>("/hall/a?user=bob").await.unwrap();
    let mut eve = nodes.app(1).connect::<Hall>("/hall/a?user=eve").await.unwrap();
    nodes.settle().await;
    let sorted = |client: &mut Client<Hall>| {
        let mut ticks = ticks(client);
        ticks.sort();
        ticks
    };
    let mut expected: Vec<_> = (0..4).map(|n| format!("{} {n}", long(n))).collect();
    expected.push("all 7".into());
    assert!(sorted(&mut bob) == expected);
    expected.insert(4, "acme 5".into());
    assert!(sorted(&mut eve) == expected);
    assert_eq!(ticks(&mut ann), [""; 0], "what it has had it is not told again");
}

/// Not with Redis, which takes what fits into memory.
pub async fn what_is_longer_than_the_bus_takes_is_heard_by_nobody(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a").await;
    let mut bob = nodes.hall(1, "/hall/a").await;
    let sent = nodes[0].halls.room(&Hall::room("a")).send(said(&"x".repeat(2 << 20)));
    assert_eq!((sent.recipients, sent.elsewhere), (0, Elsewhere::Refused(NotTaken::TooLong)));
    assert!(!sent.is_complete());
    // What is made under the room's lock is heard here, but does not stop the bus.
    let sent = nodes[0].halls.room(&Hall::room("a")).send_with(|_| said(&"x".repeat(2 << 20)));
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Refused(NotTaken::TooLong)));
    nodes.settle().await;
    ann.take_texts();
    nodes[0].halls.room(&Hall::room("a")).send(said("short"));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["short"]);
    assert_eq!(heard(&mut bob), ["short"]);
    assert_eq!(nodes[0].bus.stats().refused_too_long, 2);
    assert_eq!(nodes[0].bus.stats().disconnects, 0);
}

pub async fn one_sender_is_heard_in_order_whatever_the_audiences(nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut bob = nodes.hall(1, "/hall/a?user=bob").await;
    let mut said = Vec::new();
    for n in 0..200 {
        let to = ["room", "others", "all", "bob"][n % 4];
        ann.send(say(to, &n.to_string()));
        said.push(n.to_string());
    }
    nodes.settle().await;
    assert_eq!(heard(&mut bob), said);
    assert_eq!(heard(&mut ann).len(), 100);
}

pub async fn what_one_node_says_in_a_room_has_one_order_for_all_its_members(nodes: Nodes) {
    let mut speakers = [nodes.hall(0, "/hall/a").await, nodes.hall(0, "/hall/a").await];
    let mut listeners =
        [nodes.hall(0, "/hall/a").await, nodes.hall(1, "/hall/a").await, nodes.hall(2, "/hall/a").await];
    for n in 0..100 {
        for (speaker, client) in speakers.iter_mut().enumerate() {
            client.send(say("room", &format!("{speaker}/{n}")));
        }
    }
    nodes.settle().await;
    let [here, there, further] = &mut listeners;
    let here = heard(here);
    assert_eq!(here.len(), 200);
    assert_eq!(heard(there), here);
    assert_eq!(heard(further), here);
}

pub async fn a_restart_of_the_bus_is_noticed_and_survived(mut nodes: Nodes) {
    let mut ann = nodes.hall(0, "/hall/a").await;
    let mut bob = nodes.hall(1, "/hall/a").await;
    ann.send(say("room", "before"));
    nodes.settle().await;
    nodes.restart_bus().await;
    for node in [0, 1] {
        assert_eq!(nodes[node].bus.state(), BusState::Up);
        assert_eq!(nodes[node].bus.stats().disconnects, 1);
    }
    ann.send(say("room", "after"));
    nodes.settle().await;
    assert_eq!(heard(&mut ann), ["before", "after"]);
    assert_eq!(heard(&mut bob), ["before", "after"]);
    assert_eq!(nodes[1].bus.lost(), 0, "nothing was under way");
}

pub async fn questions_are_answered_by_all_nodes(nodes: Nodes) {
    let _ann = nodes.hall(0, "/hall/a?user=ann").await;
    let mut ann2 = nodes.hall(1, "/hall/a?user=ann").await;
    let mut bob = nodes.hall(2, "/hall/a?user=bob").await;
    let room = nodes[0].halls.room(&Hall::room("a"));
    assert_eq!(room.len(), 1);
    let len = room.everywhere().len().await;
    assert!(len.is_complete() && len.value == 3, "{len:?}");
    let members = room.everywhere().members().await;
    let mut users: Vec<_> = members.value.members.into_iter().filter_map(|member| member.user).collect();
    users.sort();
    assert_eq!(users, ["ann", "ann", "bob"]);
    assert!(members.missing.is_empty());
    let ann = nodes[2].halls.user(&user("ann"));
    assert_eq!(ann.everywhere().len().await.value, 2);
    assert_eq!(nodes[2].users.user(&user("ann")).everywhere().len().await.value, 2);
    assert!(nodes[1].halls.room(&Hall::room("nobody")).everywhere().is_empty().await.value);

    let closed = room.except_user(&user("ann")).everywhere().disconnect(CloseCode::POLICY, "over").await;
    assert!(closed.is_complete() && closed.value == 1, "{closed:?}");
    assert_eq!(bob.expect_close().await, (CloseCode::POLICY, "over".into()));
    let banned = ann.everywhere().disconnect(CloseCode::FORBIDDEN, "banned").await;
    assert_eq!((banned.value, banned.is_complete()), (2, true));
    assert_eq!(ann2.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    assert_eq!(room.everywhere().len().await.value, 0);
}

/// Each of them on so many nodes, for one bus.
macro_rules! scenarios {
    ($new:path, $options:tt) => {
        scenarios! { $new, $options:
            2 a_room_is_one_room_on_all_nodes
            2 who_is_in_several_rooms_hears_each_send_once
            2 a_declared_room_is_named_in_the_frame_on_each_node
            2 users_and_all_are_reached_on_each_node
            2 exclusions_hold_on_each_node
            2 a_connection_is_found_on_its_node
            2 a_disconnect_reaches_all_nodes_behind_what_was_sent_before
            2 a_move_reaches_all_nodes_and_not_who_is_there
            2 a_ban_reaches_who_is_just_coming_in_on_another_node
            2 a_ban_reaches_whose_extractors_still_run_on_another_node
            2 a_hub_s_ban_reaches_who_is_just_coming_in_on_another_node
            2 a_hub_s_ban_reaches_whose_extractors_still_run_on_another_node
            2 a_ban_that_nobody_waits_for_reaches_who_is_just_coming_in_on_another_node
            2 a_ban_that_nobody_waits_for_reaches_whose_extractors_still_run_on_another_node
            2 a_notice_reaches_the_handlers_of_all_nodes
            2 others_join_and_leave_rooms_on_all_nodes
            2 a_message_made_under_the_lock_counts_those_who_are_here
            2 each_client_hears_its_own_topic
            2 one_sender_is_heard_in_order_whatever_the_audiences
            3 what_one_node_says_in_a_room_has_one_order_for_all_its_members
            2 a_restart_of_the_bus_is_noticed_and_survived
            2 of_a_key_all_nodes_have_the_newest_value
            2 who_is_the_first_in_its_room_on_a_node_is_told_what_was_sent_before
            3 questions_are_answered_by_all_nodes
        }
    };
    ($new:path, $options:tt: $($count:literal $name:ident)*) => {
        $(
            #[tokio::test $options]
            async fn $name() {
                let scenario = async { crate::clustered::scenarios::$name($new($count).await).await };
                tokio::time::timeout(std::time::Duration::from_secs(60), scenario).await.expect("it takes too long");
            }
        )*
    };
}

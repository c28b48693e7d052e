use quote::quote;

use super::arguments::named_close_code;
use super::*;
use crate::syntax::impl_block::{ImplBlock, ImplItem};

fn checked(body: TokenStream) -> (Vec<String>, String) {
    let block = quote!(impl Chat { fn say(&self, socket: &Socket<Self>, app: &App) { #body } });
    let mut block: ImplBlock = syn::parse2(block).unwrap();
    let mut errors = Errors::default();
    let Some(ImplItem::Method(method)) = block.items.first_mut() else { panic!("a method") };
    check(method, &quote::format_ident!("Chat"), &mut errors);
    (errors.messages(), method.body.to_token_stream().to_string().replace(' ', ""))
}

#[test]
fn a_room_that_is_given_one_is_told_of_and_left_without() {
    for body in [
        quote!(socket.room(&Chat::room("art")).send(Said {})),
        quote!(let socket = socket.clone(); spawn(async move { if x { socket.room(&self.topic).send(Said {}) } })),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with("`socket.room()` is the room of"), "{errors:?}");
        assert!(left.contains("socket.room().send(Said{})"), "{left}");
    }
}

#[test]
fn a_state_that_would_be_held_across_an_await_is_told_of() {
    for closure in [quote!(|table, _| async { table.n += 1 }), quote!(async move |table, room| { table.n += 1 })] {
        let (errors, left) = checked(quote!(socket.room().with(#closure).await));
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with("a room's state is held for a moment"), "{errors:?}");
        assert!(left.contains("async{::core::unreachable!()}).await"), "{left}");
    }
}

#[test]
fn who_receives_and_what_are_two_calls() {
    for (body, what, left_over) in [
        (quote!(socket.send("ann", Said {})), "`socket.send(..)` sends one message", "socket.send(Said{})"),
        (quote!(socket.user("ann", Said {})), "`socket.user(..)` is who receives", "socket.user(\"ann\")"),
        (quote!(socket.room_of(&a, Said {})), "`socket.room_of(..)` is who receives", "socket.room_of(&a)"),
        (quote!(socket.others(&a).len()), "`socket.others()` is everybody else", "socket.others().len()"),
        (quote!(socket.all(Said {})), "`socket.all()` is everybody on", "socket.all()"),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with(what), "{errors:?}");
        assert!(left.contains(left_over), "{left}");
    }
}

#[test]
fn a_closure_that_takes_the_state_alone_is_told_of_the_room() {
    let (errors, left) = checked(quote!(let n = socket.room().with(move |table| table.n);));
    let expected =
        "`with` hands over two: the room's state, and the room to send to\nwrite `|table, room|`, or `|table, _|`";
    assert_eq!(errors, [expected]);
    assert!(left.contains(".with(move|table,_|table.n)"), "{left}");
}

#[test]
fn other_calls_are_left_alone() {
    for body in [
        quote!(socket.room().send(Said {}); app.socket.room(7); app.room(&Chat::room("art"))),
        quote!(socket.room().with(|table, room| table.n); socket.room_of(&Topic("art".into())); socket.room.x(7)),
        quote!(let socket = app.socket(); socket.room(7)),
        quote!(app.each(|socket| socket.room(7))),
        quote!(for socket in &app.sockets {
            socket.room(7)
        }),
        quote!(if let Some(socket) = &self.upstream {
            socket.close(None).await;
        }),
        quote!(match peer() {
            Peer { socket, .. } => socket.send("ping").unwrap(),
            Other(_) => {}
        }),
        quote!(all().for_each(|(_, socket)| socket.send("ping"))),
        quote!(
            fn f(socket: &UdpSocket) {
                socket.send("ping");
            }
        ),
        quote!(app.pool.with(|conn, _| async { conn.get() }); socket.room().with(|_, _| run(async { 7 }))),
        quote!(socket.room(); socket.),
        quote!(socket.send(said::<A, B>()); socket.send(Said { a, b },); socket.user(&id::<A, B>(a)); app.send(a, b)),
    ] {
        let text = body.to_string().replace(' ', "");
        let (errors, left) = checked(body);
        assert_eq!((errors, left), (Vec::new(), format!("{{{text}}}")));
    }
}

#[test]
fn text_is_no_message() {
    for body in [
        quote!(socket.send("hello")),
        quote!(let sent = socket.room().send(format!("hello {}", name));),
        quote!(socket.others().send(json!({ "type": "said" }))),
        quote!(socket.all().send(String::from("hello"))),
        quote!(socket.send(name.to_string())),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].contains(" is no message, and only messages are sent"), "{errors:?}");
        assert!(left.contains("socket.send_fault(::core::unreachable!())"), "{left}");
    }
    for body in [
        quote!(socket.send(said)),
        quote!(tx.send("hello")),
        quote!(socket.room().send(Said { text: "a".to_string() })),
    ] {
        assert_eq!(checked(body).0, [""; 0]);
    }
}

#[test]
fn a_close_has_a_code_of_its_type_and_a_reason() {
    for (body, remedy) in [
        (quote!(socket.close(1000, "bye")), "write `CloseCode::NORMAL`"),
        (quote!(socket.close(4001, "bye")), "write `CloseCode::new(4001).unwrap()`"),
        (quote!(socket.close(1_007u16, "bye")), "write `CloseCode::INVALID_DATA`"),
        (quote!(socket.close(1006, "bye")), "4000 to 4999: `CloseCode::new(4001).unwrap()`"),
        (quote!(socket.close(99999, "bye")), "4000 to 4999: `CloseCode::new(4001).unwrap()`"),
        (quote!(socket.close()), "write `socket.close(CloseCode::NORMAL, \"bye\")`"),
        (quote!(socket.close(CloseCode::NORMAL)), "write `socket.close(CloseCode::NORMAL, \"bye\")`"),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].ends_with(remedy), "{errors:?}");
        assert!(left.contains("socket.close(::core::unreachable!(),\"\")"), "{left}");
    }
    assert_eq!(checked(quote!(socket.close(CloseCode::NORMAL, "bye"))).0, [""; 0]);
}

#[test]
fn a_code_that_is_advised_may_stand_in_a_frame() {
    for number in 0..=u16::MAX {
        let advice = named_close_code(&number.to_string());
        let code = advice.split("new(").nth(1).and_then(|rest| rest.split(')').next());
        if let Some(code) = code.map(|code| code.parse().unwrap()) {
            assert!(channel_runtime::CloseCode::new(code).is_some(), "{number}: {advice}");
        }
    }
}

#[test]
fn a_send_is_no_result() {
    for (body, left_over) in [
        (quote!(socket.send(Said {}).unwrap();), "socket.send(Said{});"),
        (quote!(socket.room().send(Said {}).expect("sent");), "socket.room().send(Said{});"),
        (
            quote!(if socket.others().send(Said {}).is_err() {
                return;
            }),
            "socket.others().send(Said{}).is_complete()",
        ),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with("`send` never waits and returns no `Result`"), "{errors:?}");
        assert!(left.contains(left_over), "{left}");
    }
    assert_eq!(checked(quote!(tx.send(Said {}).unwrap(); app.socket.send(1).unwrap())).0, [""; 0]);
}

#[test]
fn a_socket_has_no_fields() {
    for (body, left_over) in [
        (quote!(socket.broadcast.emit("said");), "socket.emit(\"said\");"),
        (quote!(let n = socket.data;), "letn=socket;"),
        (quote!({ socket.clients.all() }), "socket.all()"),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with("a socket has no field"), "{errors:?}");
        assert!(left.contains(left_over), "{left}");
    }
    assert_eq!(checked(quote!(socket.rooms(all).send(m); app.socket.data.x; socket.rooms::<Vec<_>>(x);)).0, [""; 0]);
}

#[test]
fn an_audience_is_no_list() {
    for body in [
        quote!(for member in socket.room() {
            member.send(Said {});
        }),
        quote!(if x {
            for (id, member) in socket.others() {
                f(id, member);
            }
        }),
    ] {
        let (errors, left) = checked(body);
        assert_eq!(errors.len(), 1, "{left}");
        assert!(errors[0].starts_with("an audience is no list"), "{errors:?}");
        assert!(errors[0].contains("write `socket."), "{errors:?}");
        assert!(!left.contains("member") && left.contains("{}"), "{left}");
    }
    assert_eq!(checked(quote!(for n in 0..socket.room().len() { f(n); } for s in sockets { s.room(); })).0, [""; 0]);
}

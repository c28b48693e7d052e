//! A client in Rust is told who is present by a server in the same process, also behind a loss.

#![allow(missing_docs)]

#[path = "support/proxy.rs"]
mod proxy;

use std::time::Duration;

use channel_client::{Client, Event, Events, Present};
use channel_runtime::describe::Describe;
use channel_runtime::{Extract, Handshake, Reject, Socket, channel, channels, message};
use proxy::Proxy;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// What the others see of somebody who is here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Reader {
    name: String,
    page: u32,
}

#[message(type = "turn_to")]
pub struct TurnTo {
    page: u32,
}

pub struct Name(String);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("name").unwrap_or_default()))
    }
}

#[channel("/book/:title", presence(Reader, grace = "20ms", every = "10ms"))]
pub struct Book {
    title: String,
    #[extract]
    name: Name,
    #[state]
    page: u32,
}

#[channel]
impl Book {
    fn identity(&self) -> &String {
        &self.name.0
    }

    fn presence(&self) -> Reader {
        Reader { name: format!("{} of {}", self.name.0, self.title), page: self.page }
    }

    #[message]
    fn turn_to(&mut self, to: TurnTo, socket: &Socket<Self>) {
        self.page = to.page;
        socket.presence_changed();
    }
}

/// A program that keeps the list.
struct Watches {
    events: Events<Book>,
    present: Present,
}

impl Watches {
    /// Follows the events until the list is this one: the pages of each user's devices.
    async fn until(&mut self, expected: &[(&str, &[u32])]) {
        while self.pages() != expected.iter().map(|(user, pages)| (*user, pages.to_vec())).collect::<Vec<_>>() {
            let next = timeout(Duration::from_secs(60), self.events.next()).await;
            let next = next.unwrap_or_else(|_| panic!("{expected:?} never came: {:?}", self.pages()));
            if let Event::Presence(told) = next.expect("the client is open") {
                self.present.told(told);
            }
        }
        assert_eq!((self.present.count(), self.present.is_whole()), (expected.len() as u64, true));
    }

    fn pages(&self) -> Vec<(&str, Vec<u32>)> {
        let of = |user| {
            let seen = self.present.of(user).iter();
            let mut pages: Vec<_> = seen.map(|seen| seen.read::<Reader>().expect("a reader").page).collect();
            pages.sort_unstable();
            pages
        };
        self.present.users().map(|user| (user, of(user))).collect()
    }
}

#[tokio::test]
async fn a_client_keeps_the_list_of_who_is_present_and_reads_what_is_seen_as_the_channel_s_own_type() {
    let server = channels![Book].app(()).bind("127.0.0.1:0").await.unwrap();
    let addr = server.local_addr();
    tokio::spawn(server.run());
    let proxy = Proxy::to(addr).await;
    let direct = format!("ws://{addr}");
    let open = |name: &str, url: &str| Client::<Book>::new(Book::room("dune")).query("name", name).url(url).open();

    let ann = open("ann", &proxy.url());
    let mut watches = Watches { events: ann.events(), present: Present::default() };
    assert!(!watches.present.is_whole());
    watches.until(&[("ann", &[0])]).await;
    let phone = open("bob", &direct);
    watches.until(&[("ann", &[0]), ("bob", &[0])]).await;
    let [seen] = watches.present.of("bob") else { panic!("{watches:?}", watches = watches.present) };
    assert_eq!(seen.read::<Reader>().unwrap(), Reader { name: "bob of dune".into(), page: 0 });
    assert!(seen.read::<TurnedTo>().is_err(), "it is of another type");
    let laptop = open("bob", &direct);
    watches.until(&[("ann", &[0]), ("bob", &[0, 0])]).await;
    laptop.request(TurnTo { page: 7 }).await.unwrap();
    watches.until(&[("ann", &[0]), ("bob", &[0, 7])]).await;
    phone.close();
    watches.until(&[("ann", &[0]), ("bob", &[7])]).await;

    // What it misses it is told in whole when it is back.
    proxy.set_server(None);
    proxy.cut();
    laptop.close();
    let _cat = open("cat", &direct);
    proxy.set_server(Some(addr));
    watches.until(&[("ann", &[0]), ("cat", &[0])]).await;
}

#[derive(Debug, Deserialize)]
struct TurnedTo {
    #[allow(dead_code, reason = "nothing is read as this")]
    turned_to: u32,
}

use std::any::TypeId;

use channel_macros::channel;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize, Serializer};

use super::*;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::outgoing::{Outgoing, Sending};
use crate::room::sent::{Elsewhere, NotTaken};
use crate::room::target::Target;
use crate::socket::counters::Counters;
use crate::socket::hub::Hub;
use crate::socket::node::Node;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Renamed {
    to: String,
}

#[derive(Clone, PartialEq, Debug)]
struct Kicked;

#[derive(Clone, Deserialize)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("never"))
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Here;

#[channel("/user/:name", crate = crate)]
struct User {
    name: String,
}

#[channel(crate = crate)]
impl User {
    fn identity(&self) -> &String {
        &self.name
    }

    #[notice]
    fn renamed(&mut self, _: Renamed) {}

    #[notice]
    fn kicked(&mut self, _: Kicked) {}

    #[notice]
    fn unwritable(&mut self, _: Unwritable) {}

    #[notice(here)]
    fn here(&mut self, _: Here) {}
}

/// Takes notices of at most 20 bytes.
#[derive(Default)]
struct Bus(Mutex<Vec<(&'static str, Bytes)>>);

impl Outgoing for Bus {
    fn append(&self, _: &Sending<'_>, body: Body) -> Elsewhere {
        let Body::Notice { handler, json } = body else { unreachable!("only notices are sent") };
        self.0.lock().push((handler, json));
        Elsewhere::Taken
    }

    fn longest(&self) -> usize {
        20
    }
}

struct App {
    node: Arc<Node>,
    bus: Arc<Bus>,
    ann: MembershipGuard,
    bob: MembershipGuard,
}

impl App {
    fn start() -> Self {
        let mut node = Node::new();
        node.add::<User>(TypeId::of::<String>(), Counters::of::<User>(), || None, None);
        node.add_notices(<User as crate::private::Dispatch>::NOTICES);
        let (node, bus) = (Arc::new(node), Arc::new(Bus::default()));
        node.registry.set_outgoing(Arc::<Bus>::clone(&bus) as _);
        let [ann, bob] = ["ann", "bob"].map(|name| {
            node.enter(NewConnection {
                user: Some(UserKey::new(&name.to_owned())),
                ..NewConnection::into_room(&format!("/user/{name}"))
            })
        });
        Self { node, bus, ann, bob }
    }

    fn hub(&self) -> Hub<User> {
        Hub::find(&self.node).unwrap()
    }

    fn relayed(&self, handler: &str, target: &Target, json: &str) -> Option<serde_json::Result<Sent>> {
        let exclusions = &Exclusions::default();
        let lookup = Lookup { registry: &self.node.registry, channel: 0, target, exclusions };
        self.node.relayed_notice(0, handler, lookup, json.as_bytes())
    }

    fn crossed(&self) -> Vec<(&'static str, Bytes)> {
        std::mem::take(&mut *self.bus.0.lock())
    }
}

fn taken<N: 'static>(of: &MembershipGuard) -> Option<N> {
    let notice = of.connection.apart.inbox.take()?;
    Some(notice.into().expect("it is of this type"))
}

#[test]
fn a_notice_that_is_serdes_crosses_as_json_and_another_does_not() {
    let app = App::start();
    let sent = app.hub().all().notify(Kicked);
    assert_eq!((sent.recipients, sent.elsewhere), (2, Elsewhere::Nowhere));
    assert_eq!(taken(&app.ann), Some(Kicked));
    let sent = app.hub().user("ann").notify(Here);
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Nowhere));
    assert!(app.crossed().is_empty());

    let elsewhere = "0-1".parse().unwrap();
    let sent = app.hub().connection(elsewhere).notify(Renamed { to: "eve".into() });
    assert_eq!((sent.recipients, sent.elsewhere), (0, Elsewhere::Taken));
    assert_eq!(app.crossed(), [("renamed", Bytes::from_static(br#"{"to":"eve"}"#))]);
}

#[test]
fn a_notice_for_one_connection_that_is_here_stays_here() {
    let app = App::start();
    let sent = app.hub().connection(app.bob.connection.id).notify(Renamed { to: "eve".into() });
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Nowhere));
    assert!(app.crossed().is_empty());
    assert_eq!(taken(&app.bob), Some(Renamed { to: "eve".into() }));
}

#[test]
fn nobody_gets_a_notice_that_cannot_cross_whole() {
    let app = App::start();
    let sent = app.hub().all().notify(Unwritable);
    assert!(sent.unencodable && sent.recipients == 0 && !sent.is_complete());
    let elsewhere = "0-1".parse().unwrap();
    let sent = app.hub().connection(elsewhere).notify(Renamed { to: "x".repeat(20) });
    assert_eq!(sent.elsewhere, Elsewhere::Refused(NotTaken::TooLong));
    assert!(app.crossed().is_empty() && !app.ann.connection.apart.inbox.has_notice());
}

#[test]
fn a_notice_of_another_node_reaches_the_target_here_and_goes_no_further() {
    let app = App::start();
    let ann = Target::Users(vec![UserKey::new(&"ann".to_owned())]);
    let sent = app.relayed("renamed", &ann, r#"{"to":"eve"}"#).unwrap().unwrap();
    assert_eq!((sent.recipients, sent.refused), (1, 0));
    assert_eq!(taken(&app.ann), Some(Renamed { to: "eve".into() }));
    assert!(!app.bob.connection.apart.inbox.has_notice());
    // Not `Clone`: it is decoded for each.
    assert_eq!(app.relayed("renamed", &Target::All, r#"{"to":"eve"}"#).unwrap().unwrap().recipients, 2);
    assert!(app.crossed().is_empty());

    assert!(app.relayed("renamed", &Target::All, "{}").unwrap().is_err());
    let nobody = Target::Users(vec![UserKey::new(&"eve".to_owned())]);
    assert_eq!(app.relayed("renamed", &nobody, "{}").unwrap().unwrap(), Sent::default());
    for handler in ["kicked", "here", "no_such"] {
        assert!(app.relayed(handler, &Target::All, "null").is_none(), "{handler}");
    }
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue, StatusCode};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::config::rate::Rate;

fn address(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(number.into()))
}

#[test]
fn an_ipv6_customer_is_a_network_and_an_ipv4_one_an_address() {
    let customer = |text: &str| customer(text.parse().unwrap()).to_string();
    assert_eq!(customer("192.0.2.7"), "192.0.2.7");
    assert_eq!(customer("::ffff:192.0.2.7"), "192.0.2.7");
    assert_eq!(customer("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

#[test]
fn an_address_without_connections_is_forgotten() {
    let admission = AdmissionControl::default();
    let config = Config::default().connections_per_ip(2);
    let one = admission.admit(&config, address(1));
    let two = admission.admit(&config, address(1));
    assert_eq!(admission.admit(&config, address(1)).err().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
    assert!(admission.admit(&config, address(2)).is_ok());
    assert_eq!(admission.0.lock().addresses.len(), 1);
    drop((one, two));
    let counts = admission.0.lock();
    assert_eq!((counts.connections, counts.addresses.len()), (0, 0));
}

#[test]
fn no_address_is_remembered_where_none_counts() {
    let admission = AdmissionControl::default();
    let _inside = admission.admit(&Config::default(), address(1)).ok().unwrap();
    assert!(admission.0.lock().addresses.is_empty());
}

#[tokio::test(start_paused = true)]
async fn addresses_that_came_once_and_no_more_are_forgotten_in_time() {
    let admission = AdmissionControl::default();
    let config = Config::default().connection_rate_per_ip(Rate::new(1, Duration::from_secs(1)));
    for number in 0..100_000 {
        assert!(admission.admit(&config, address(number)).is_ok());
        // A thousand connections a second are made, and forgotten a second later.
        tokio::time::advance(Duration::from_millis(1)).await;
        let remembered = admission.0.lock().addresses.len();
        assert!(remembered <= 2 * 1024, "{remembered} of {number}");
    }
}

#[test]
fn whoever_is_refused_uses_up_no_other_bound() {
    let admission = AdmissionControl::default();
    let rate = Rate::new(2, Duration::from_secs(3600));
    let config = Config::default().connection_rate(rate).connections_per_ip(1);
    let _inside = admission.admit(&config, address(1)).ok().unwrap();
    for _ in 0..10 {
        assert_eq!(admission.admit(&config, address(1)).err().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(admission.admit(&config, address(2)).is_ok());
    assert_eq!(admission.admit(&config, address(3)).err().unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn a_user_without_connections_is_forgotten() {
    let admission = AdmissionControl::default();
    let (ann, bob) = (UserKey::new(&"ann"), UserKey::new(&"bob"));
    let config = Config::default().connections_per_user(2);
    let one = admission.admit(&config, None).ok().unwrap().and(admission.admit_user(&config, Some(&ann)).ok().unwrap());
    let two = admission.admit_user(&config, Some(&ann)).ok().unwrap();
    let full = admission.admit_user(&config, Some(&ann)).err().unwrap();
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
    let others = (admission.admit_user(&config, Some(&bob)), admission.admit_user(&config, None));
    assert!(others.0.as_ref().is_ok() && others.1.as_ref().is_ok_and(Option::is_none));
    drop(others);
    assert_eq!(admission.0.lock().users, HashMap::from([(ann, 2)]));
    drop((one, two));
    let counts = admission.0.lock();
    assert_eq!((counts.connections, counts.users.len()), (0, 0));
}

struct Looks {
    admission: AdmissionControl,
    events: Arc<AtomicUsize>,
}

impl Subscriber for Looks {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        assert!(self.admission.0.try_lock().is_some(), "a slow log would keep everybody waiting");
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn nothing_is_logged_while_others_wait_for_the_lock() {
    let (admission, events) = (AdmissionControl::default(), Arc::new(AtomicUsize::new(0)));
    let log = Looks { admission: admission.clone(), events: Arc::clone(&events) };
    tracing::subscriber::with_default(log, || {
        let full = Config::default().connections(0);
        assert!(admission.admit(&full, address(1)).is_err());
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://evil.example"))]);
        assert!(admission.check_origin(&Config::default(), &Handshake::new("/", "", headers)).is_err());
    });
    assert_eq!(events.load(Ordering::Relaxed), 2);
}

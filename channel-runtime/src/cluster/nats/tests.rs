//! What only NATS has: several servers, tokens, keys, `.creds` files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

use super::{Engine as _, Link, Nats, Subject, Subjects};
use crate::cluster::buses::{Bus, Kind};

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("what the test waits for never came")
}

async fn link(nats: &Nats) -> Result<Link, String> {
    let subjects = Subjects { name: "shop".into(), node: format!("{:016x}", 1) };
    within(nats.engine.connect(&subjects)).await.map_err(|error| error.to_string())
}

async fn gets_in(nats: &Nats) {
    let mut node = link(nats).await.expect("it is let in");
    node.publisher.publish(Subject::Lane, "let in".into()).await.expect("a bus that takes it");
    assert_eq!(within(node.inbound.next()).await.expect("a bus that runs"), "let in");
}

async fn refused(nats: &Nats) -> String {
    let Err(error) = link(nats).await else { panic!("it connected") };
    error
}

async fn configured(text: impl FnOnce(&Path) -> String) -> Bus {
    let arguments = |place: &Path| {
        let file = place.join("configuration");
        fs::write(&file, text(place)).expect("a directory of the test's own");
        vec!["--config".into(), file.display().to_string()]
    };
    Bus::start_with(Kind::Nats, arguments).await
}

#[tokio::test]
async fn any_server_of_the_list_will_do() {
    let (mut lost, bus) = (Bus::nats().await, Bus::nats().await);
    lost.stop().await;
    let nats = Nats::at(format!("{}, {}", lost.url(), bus.addr()));
    for _ in 0..4 {
        gets_in(&nats).await;
    }
    let both = refused(&Nats::at(format!("{},{}", lost.url(), lost.url()))).await;
    assert_eq!(both.matches(&lost.addr().to_string()).count(), 2, "{both}");
}

#[tokio::test]
async fn a_token_lets_in() {
    let bus = Bus::start_with(Kind::Nats, |_| vec!["--auth".into(), "s3cret".into()]).await;
    gets_in(&Nats::at(bus.url()).token("s3cret")).await;
    gets_in(&Nats::at(format!("nats://s3cret@{}", bus.addr()))).await;
    assert!(refused(&Nats::at(bus.url()).token("guessed")).await.contains("authorization violation"));
    refused(&Nats::at(bus.url())).await;
}

#[tokio::test]
async fn a_key_lets_in() {
    let user = KeyPair::new_user();
    let public = user.public_key();
    let bus = configured(|_| format!("authorization {{ users: [ {{ nkey: {public} }} ] }}")).await;
    gets_in(&Nats::at(bus.url()).nkey(user.seed().expect("its own"))).await;
    refused(&Nats::at(bus.url()).nkey(KeyPair::new_user().seed().expect("its own"))).await;
    let error = Nats::at(bus.url()).nkey("no seed").engine.check().await.expect_err("no seed").to_string();
    assert!(error.contains("seed"), "{error}");
}

/// Who signs says this of somebody, or of itself.
fn jwt(issuer: &KeyPair, of: &KeyPair, name: &str, claims: &Value) -> String {
    let (iss, sub) = (issuer.public_key(), of.public_key());
    let body = json!({"iss": iss, "sub": sub, "name": name, "jti": name, "iat": 1_700_000_000, "nats": claims});
    let [head, body] =
        [json!({"typ": "JWT", "alg": "ed25519-nkey"}), body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = issuer.sign(format!("{head}.{body}").as_bytes()).expect("a private key");
    format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(signed))
}

#[tokio::test]
async fn a_file_of_credentials_lets_in() {
    let (operator, account, user) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user());
    let bus = configured(|_| {
        let trusted = jwt(&operator, &operator, "operator", &json!({"type": "operator", "version": 2}));
        let all = json!({"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1});
        let preloaded = jwt(&operator, &account, "shop", &json!({"type": "account", "version": 2, "limits": all}));
        format!("operator: {trusted}\nresolver: MEMORY\nresolver_preload: {{ {}: {preloaded} }}\n", account.public_key())
    })
    .await;
    let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
    let mine = jwt(&account, &user, "node", &claims);
    let credentials = |seed: &str| {
        let file = bus.place().join("node.creds");
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{mine}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        fs::write(&file, text).expect("a directory of the test's own");
        file
    };
    gets_in(&Nats::at(bus.url()).credentials(credentials(&user.seed().expect("its own")))).await;
    refused(&Nats::at(bus.url()).credentials(credentials(&KeyPair::new_user().seed().expect("its own")))).await;
    refused(&Nats::at(bus.url())).await;

    let nowhere = bus.place().join("nowhere.creds");
    let error = Nats::at(bus.url()).credentials(&nowhere).engine.check().await.expect_err("no such file").to_string();
    assert!(error.contains(&nowhere.display().to_string()), "{error}");
}

#[tokio::test]
async fn who_does_not_read_misses_parcels_and_keeps_the_connection() {
    let bus = Bus::nats().await;
    let Link { mut publisher, mut inbound, .. } = link(&Nats::at(bus.url())).await.expect("a bus that runs");
    // More than wait here and on their way together.
    let parcel = |number: u32| [&number.to_be_bytes()[..], &vec![0; (1 << 20) - 4]].concat();
    let (said, fit) = (160, u32::try_from(super::unread::MOST >> 20).expect("few"));
    for number in 0..said {
        publisher.publish(Subject::Lane, parcel(number).into()).await.expect("a bus that takes it");
    }
    let mut heard = Vec::new();
    loop {
        // There is room for it once enough is read.
        publisher.publish(Subject::Lane, "after all".into()).await.expect("a bus that takes it");
        let parcel = within(inbound.next()).await.expect("a bus that runs");
        if parcel == "after all" {
            break;
        }
        heard.push(u32::from_be_bytes(parcel[..4].try_into().expect("a number")));
    }
    assert_eq!(heard[..fit as usize], (0..fit).collect::<Vec<_>>());
    assert!(heard.is_sorted() && heard.len() < said as usize, "{heard:?}");
}

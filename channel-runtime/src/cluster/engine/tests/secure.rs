//! TLS: the root that signed, another one, and a bus that asks for a certificate.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::{Bus, BusTls, Kind, Settings, engine, over_each, refused, try_link};

over_each! {
    the_root_that_signed_is_trusted
    another_root_is_not
    a_bus_may_ask_for_a_certificate
    a_file_that_is_not_there_is_named
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    // Not of the name of what it signs, which some take for a certificate that signed itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

fn write(place: &Path, name: &str, text: &str) -> PathBuf {
    let file = place.join(name);
    fs::write(&file, text).expect("a directory of the test's own");
    file
}

/// A certificate for this machine and its key, as two files.
fn certified(place: &Path, name: &str, by: &Authority) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, by).expect("a certificate");
    (
        write(place, &format!("{name}.pem"), &certificate.pem()),
        write(place, &format!("{name}.key"), &key.serialize_pem()),
    )
}

/// A bus whose certificate the authority signed.
async fn bus(kind: Kind, by: &Authority, asks: bool) -> Bus {
    let arguments = |place: &Path| {
        let (certificate, key) = certified(place, "bus", by);
        let root = write(place, "root.pem", &by.pem());
        let [certificate, key, root] = [certificate, key, root].map(|file| file.display().to_string());
        let arguments: Vec<String> = match kind {
            Kind::Nats if asks => vec!["--tlsverify".into(), "--tlscacert".into(), root],
            Kind::Nats => vec!["--tls".into()],
            Kind::Redis => {
                let asks = if asks { "yes" } else { "no" };
                vec!["--tls-auth-clients".into(), asks.into(), "--tls-ca-cert-file".into(), root]
            }
        };
        let files = match kind {
            Kind::Nats => ["--tlscert", &certificate, "--tlskey", &key],
            Kind::Redis => ["--tls-cert-file", &certificate, "--tls-key-file", &key],
        };
        arguments.into_iter().chain(files.map(str::to_owned)).collect()
    };
    Bus::start_with(kind, arguments).await
}

fn secure_url(bus: &Bus) -> String {
    match bus.kind() {
        Kind::Nats => format!("tls://{}", bus.addr()),
        Kind::Redis => format!("rediss://{}", bus.addr()),
    }
}

async fn hears_itself(bus: &Bus, url: &str, tls: BusTls) {
    let engine = engine(bus.kind(), url, Settings { tls: Some(tls), ..Settings::default() });
    engine.check().await.expect("files that are there");
    let mut node = try_link(&*engine, "shop", 1).await.expect("a bus that is trusted");
    node.say("in secret").await;
    assert_eq!(node.hears().await, "in secret");
    assert!(node.longest >= 1 << 20);
    node.say(vec![7; node.longest]).await;
    assert!(node.hears().await == vec![7; node.longest]);
}

async fn the_root_that_signed_is_trusted(kind: Kind) {
    let signs = authority();
    let bus = bus(kind, &signs, false).await;
    let trusts = BusTls::new().roots(bus.place().join("root.pem"));
    hears_itself(&bus, &secure_url(&bus), trusts.clone()).await;
    // `tls(..)` is enough.
    hears_itself(&bus, &bus.url(), trusts).await;
}

async fn another_root_is_not(kind: Kind) {
    let bus = bus(kind, &authority(), false).await;
    let other = write(bus.place(), "other.pem", &authority().pem());
    let tls = Some(BusTls::new().roots(other));
    let error = refused(engine(kind, &secure_url(&bus), Settings { tls, ..Settings::default() })).await;
    assert!(error.contains("certificate"), "{error}");
    // Nor is it one of the system's.
    let error = refused(engine(kind, &secure_url(&bus), Settings::default())).await;
    assert!(error.contains("certificate"), "{error}");
}

async fn a_bus_may_ask_for_a_certificate(kind: Kind) {
    let signs = authority();
    let bus = bus(kind, &signs, true).await;
    let trusts = BusTls::new().roots(bus.place().join("root.pem"));
    let settings = Settings { tls: Some(trusts.clone()), ..Settings::default() };
    refused(engine(kind, &secure_url(&bus), settings)).await;

    let (certificate, key) = certified(bus.place(), "node", &signs);
    hears_itself(&bus, &secure_url(&bus), trusts.certificate(certificate, key)).await;
}

async fn a_file_that_is_not_there_is_named(kind: Kind) {
    let place = tempfile::tempdir().expect("a directory");
    let empty = write(place.path(), "empty.pem", "");
    for file in [place.path().join("nowhere.pem"), empty] {
        let tls = Some(BusTls::new().roots(&file));
        let engine = engine(kind, "127.0.0.1:1", Settings { tls, ..Settings::default() });
        let error = engine.check().await.expect_err("no such file").to_string();
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
}

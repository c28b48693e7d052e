//! JSON Web Tokens: which are good, and that what is wrong with a bad one is nobody's business.
//!
//! The keys in `jwt/` were made for these tests.

use std::time::{Duration, SystemTime};

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Jwt, JwtKey, JwtKeySet, JwtKeys, Reject, Socket, Token, channel, channels, message};
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp as now};
use serde::Deserialize;
use serde_json::{Value, json};

const SECRET: &[u8] = b"thirty-two bytes are a good secret";
const OTHER_SECRET: &[u8] = b"thirty-two bytes of another secret";
const RSA: &[u8] = include_bytes!("jwt/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("jwt/rsa.pub.pem");
const EC: &[u8] = include_bytes!("jwt/ec.pem");
const EC_PUBLIC: &[u8] = include_bytes!("jwt/ec.pub.pem");

pub struct App {
    keys: JwtKeySet,
}

impl JwtKeys for App {
    fn jwt_keys(&self) -> &JwtKeySet {
        &self.keys
    }
}

#[derive(Debug, Deserialize)]
pub struct Claims {
    sub: String,
    #[serde(default)]
    admin: bool,
}

#[message(type = "welcome")]
#[derive(Debug, PartialEq)]
pub struct Welcome {
    sub: String,
    admin: bool,
    ends: bool,
}

#[channel("/members", app = App)]
pub struct Members {
    #[extract]
    user: Jwt<Claims>,
}

#[channel(sends(Welcome))]
impl Members {
    fn on_connect(&self, socket: &Socket<Self>) {
        let Claims { sub, admin } = &self.user.claims;
        socket.send(Welcome { sub: sub.clone(), admin: *admin, ends: self.user.expires_at().is_some() });
    }
}

#[channel("/anybody", app = App)]
pub struct Anybody {
    #[extract]
    user: Option<Jwt<Claims>>,
}

#[channel(sends(Welcome))]
impl Anybody {
    fn on_connect(&self) -> Option<Welcome> {
        let user = self.user.as_ref()?;
        Some(Welcome { sub: user.sub.clone(), admin: user.admin, ends: true })
    }
}

fn app(keys: JwtKeySet) -> TestApp<App> {
    testing::app(channels![Members, Anybody].app(App { keys }))
}

fn hs256() -> JwtKey {
    JwtKey::hs256(SECRET).unwrap()
}

fn rs256() -> JwtKey {
    JwtKey::rs256_pem(RSA_PUBLIC).unwrap()
}

fn es256() -> JwtKey {
    JwtKey::es256_pem(EC_PUBLIC).unwrap()
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    header
}

fn sign(header: &Header, claims: &Value) -> String {
    let key = match header.alg {
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::PS256 => EncodingKey::from_rsa_pem(RSA).unwrap(),
        Algorithm::ES256 => EncodingKey::from_ec_pem(EC).unwrap(),
        _ => EncodingKey::from_secret(SECRET),
    };
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

/// Of Ada, good for a minute, with these claims beside or instead.
fn claims(more: Value) -> Value {
    let mut claims = json!({ "sub": "ada", "exp": now() + 60 });
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn token(more: Value) -> String {
    sign(&Header::default(), &claims(more))
}

async fn knock(app: &TestApp<App>, token: &str) -> Result<Client<Members>, Reject> {
    app.connect("/members").header("authorization", &format!("Bearer {token}")).await
}

async fn assert_good(app: &TestApp<App>, token: &str, what: &str) {
    let mut client = knock(app, token).await.unwrap_or_else(|reject| panic!("{what}: {reject}"));
    assert_eq!(client.expect::<Welcome>().await.sub, "ada", "{what}");
}

async fn assert_bad(app: &TestApp<App>, token: &str, what: &str) {
    let reject = knock(app, token).await.err().unwrap_or_else(|| panic!("{what}: let in"));
    assert_eq!((reject.status.as_u16(), reject.message.as_str()), (401, "invalid token"), "{what}");
}

/// `{..}` as it stands in a token.
fn part(json: &Value) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let json = json.to_string();
    let bits: Vec<u8> = json.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |bits: &[u8]| DIGITS[(0..6).fold(0, |sum, at| sum << 1 | usize::from(*bits.get(at).unwrap_or(&0)))];
    bits.chunks(6).map(|bits| digit(bits) as char).collect()
}

#[tokio::test]
async fn each_algorithm_is_verified_with_its_key_and_claims_are_typed() {
    let app = app(JwtKeySet::new([hs256(), rs256(), es256()]));
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256] {
        let token = sign(&Header::new(algorithm), &claims(json!({ "admin": true })));
        let mut client = knock(&app, &token).await.unwrap();
        let welcome: Welcome = client.expect().await;
        assert_eq!(welcome, Welcome { sub: "ada".into(), admin: true, ends: true }, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_token_may_stand_wherever_tokens_do_and_an_option_is_nothing_without_one() {
    let app = app(JwtKeySet::new([hs256()]));
    let token = token(json!({}));
    assert!(app.connect::<Members>("/members").query("token", &token).await.is_ok());
    let offered = format!("channels.1.json, channels.token.{token}");
    assert!(app.connect::<Members>("/members").header("sec-websocket-protocol", &offered).await.is_ok());
    assert_eq!(app.connect::<Members>("/members").await.unwrap_err().to_string(), "401: a token is needed");

    let mut nobody = app.connect::<Anybody>("/anybody").await.unwrap();
    nobody.expect_nothing().await;
    let mut ada = app.connect::<Anybody>("/anybody").query("token", &token).await.unwrap();
    assert_eq!(ada.expect::<Welcome>().await.sub, "ada");
    let bad = app.connect::<Anybody>("/anybody").query("token", "x.y.z").await.unwrap_err();
    assert_eq!(bad.to_string(), "401: invalid token");
}

#[tokio::test]
async fn what_is_no_token_or_was_changed_is_refused() {
    let app = app(JwtKeySet::new([hs256()]));
    let good = token(json!({}));
    assert_good(&app, &good, "good").await;
    let [head, body, signature] = *good.split('.').collect::<Vec<_>>() else { panic!("a token has three parts") };
    let other = token(json!({ "sub": "eve", "admin": true }));
    let other = other.split('.').nth(1).unwrap();
    for (bad, what) in [
        ("x".into(), "nonsense"),
        ("..".into(), "dots"),
        (format!("{head}.{body}"), "without a signature"),
        (format!("{head}.{body}."), "with an empty signature"),
        (format!("{head}.{other}.{signature}"), "with somebody else's claims"),
        (format!("{head}.{body}.{signature}.{signature}"), "with two signatures"),
        (format!("{head}.{body}.{signature}="), "with padding"),
        (format!("{}.{body}.{signature}", part(&json!({ "alg": "HS256" }))), "with another head"),
        (
            jsonwebtoken::encode(&Header::default(), &claims(json!({})), &EncodingKey::from_secret(OTHER_SECRET))
                .unwrap(),
            "signed by somebody else",
        ),
        (sign(&Header::default(), &json!({ "sub": 7, "exp": now() + 60 })), "with a claim of another type"),
        (sign(&Header::default(), &json!({ "exp": now() + 60 })), "without a claim"),
        (sign(&Header::default(), &json!(["ada"])), "with claims that are none"),
    ] {
        assert_bad(&app, &bad, what).await;
    }
}

#[tokio::test]
async fn a_token_does_not_choose_how_it_is_verified() {
    // Whose public key is known to everybody.
    let app = app(JwtKeySet::new([rs256(), es256()]));
    let body = part(&claims(json!({})));
    for public in [RSA_PUBLIC, RSA_PUBLIC.trim_ascii(), EC_PUBLIC] {
        let forged = EncodingKey::from_secret(public);
        let forged = jsonwebtoken::encode(&Header::default(), &claims(json!({})), &forged).unwrap();
        assert_bad(&app, &forged, "a public key taken for a secret").await;
    }
    for none in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", "AA"] {
            let unsigned = format!("{}.{body}.{signature}", part(&json!({ "alg": none, "typ": "JWT" })));
            assert_bad(&app, &unsigned, none).await;
        }
    }
    for other in [Algorithm::RS384, Algorithm::PS256] {
        assert_bad(&app, &sign(&Header::new(other), &claims(json!({}))), "another algorithm of the same key").await;
    }
    let secret = self::app(JwtKeySet::new([hs256()]));
    for other in [Algorithm::HS384, Algorithm::HS512, Algorithm::RS256, Algorithm::ES256] {
        assert_bad(&secret, &sign(&Header::new(other), &claims(json!({}))), "another algorithm").await;
    }
}

#[tokio::test]
async fn a_token_does_not_bring_its_key() {
    let app = app(JwtKeySet::new([hs256()]));
    let key = json!({ "kty": "oct", "alg": "HS256", "k": part(&json!("x")) });
    let mut header = Header::new(Algorithm::HS256);
    header.jwk = Some(serde_json::from_value(key).unwrap());
    header.jku = Some("https://evil.example/keys".into());
    let forged = EncodingKey::from_secret(b"\"x\"");
    assert_bad(&app, &jsonwebtoken::encode(&header, &claims(json!({})), &forged).unwrap(), "with a key").await;

    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["exp".into()]);
    assert_bad(&app, &sign(&header, &claims(json!({}))), "with what we would have to understand").await;
}

#[tokio::test]
async fn a_token_has_an_end_and_maybe_a_beginning() {
    let app = app(JwtKeySet::new([hs256()]).leeway(Duration::ZERO));
    for (more, what) in [
        (json!({ "exp": now() - 5 }), "expired"),
        (json!({ "exp": 0 }), "expired long ago"),
        (json!({ "exp": null }), "without an end"),
        (json!({ "exp": "tomorrow" }), "with an end that is none"),
        (json!({ "exp": (now() + 60).to_string() }), "with an end that is a text"),
        (json!({ "exp": -1 }), "with an end before time began"),
        (json!({ "nbf": now() + 30 }), "not begun"),
        (json!({ "nbf": "yesterday" }), "with a beginning that is none"),
    ] {
        assert_bad(&app, &token(more), what).await;
    }
    for (more, what) in [
        (json!({ "exp": u64::MAX }), "beyond all clocks"),
        (json!({ "exp": now() as f64 + 60.5 }), "with a fraction"),
        (json!({ "nbf": now() - 5 }), "begun"),
        (json!({ "iat": now() + 30 }), "issued by a clock that is ahead"),
    ] {
        assert_good(&app, &token(more), what).await;
    }
}

#[tokio::test]
async fn clocks_may_differ_as_far_as_is_said_and_a_token_ends_that_much_later() {
    let app = app(JwtKeySet::new([hs256()]).leeway(Duration::from_secs(30)));
    let exp = now() - 10;
    assert_good(&app, &token(json!({ "exp": exp })), "expired within the leeway").await;
    assert_good(&app, &token(json!({ "nbf": now() + 10 })), "to begin within the leeway").await;
    assert_bad(&app, &token(json!({ "exp": now() - 40 })), "expired before it").await;
    assert_bad(&app, &token(json!({ "nbf": now() + 60 })), "to begin after it").await;

    let keys = JwtKeySet::new([hs256()]).leeway(Duration::from_secs(30));
    let jwt: Jwt<Claims> = keys.verify(&Token::new(token(json!({ "exp": exp })))).unwrap();
    assert_eq!(jwt.expires_at(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(exp + 30)));
    let forgiving = JwtKeySet::new([hs256()]).leeway(Duration::MAX);
    assert!(forgiving.verify::<Claims>(&Token::new(token(json!({ "exp": now() - 3600 })))).is_ok());
    assert!(forgiving.verify::<Claims>(&Token::new(token(json!({ "exp": now() - 2 * 24 * 3600 })))).is_err());
}

#[tokio::test]
async fn who_wants_tokens_without_an_end_says_so() {
    let app = app(JwtKeySet::new([hs256()]).without_end());
    let mut client = knock(&app, &token(json!({ "exp": null }))).await.unwrap();
    assert!(!client.expect::<Welcome>().await.ends);
    assert_bad(&app, &token(json!({ "exp": now() - 60 })), "expired").await;
    assert_bad(&app, &token(json!({ "exp": "tomorrow" })), "with an end that is none").await;
}

#[tokio::test]
async fn a_token_is_for_us_and_from_whom_we_trust() {
    let ours = app(JwtKeySet::new([hs256()]).audience("chat").audience("game").issuer("https://login.example"));
    let issuer = "https://login.example";
    for audience in [json!("chat"), json!("game"), json!(["chat", "mail"])] {
        assert_good(&ours, &token(json!({ "aud": audience, "iss": issuer })), "for us").await;
    }
    for (more, what) in [
        (json!({ "iss": issuer }), "for nobody"),
        (json!({ "aud": "mail", "iss": issuer }), "for somebody else"),
        (json!({ "aud": ["mail", "news"], "iss": issuer }), "for others"),
        (json!({ "aud": [], "iss": issuer }), "for a list of nobody"),
        (json!({ "aud": 7, "iss": issuer }), "for what is nobody"),
        (json!({ "aud": "chat" }), "from nobody"),
        (json!({ "aud": "chat", "iss": "https://login.example.evil.example" }), "from somebody else"),
        (json!({ "aud": "chat", "iss": { "any": issuer } }), "from what is nobody"),
    ] {
        assert_bad(&ours, &token(more), what).await;
    }
    // Where nobody has said who we are, a token that is for somebody is not for us.
    let nobodys = app(JwtKeySet::new([hs256()]));
    for audience in [json!("chat"), json!(["chat"]), json!([]), json!({ "any": "chat" }), json!(7)] {
        assert_bad(&nobodys, &token(json!({ "aud": audience })), "for somebody").await;
    }
    assert_good(&nobodys, &token(json!({ "iss": "anybody" })), "from anybody").await;
}

#[tokio::test]
async fn a_key_with_a_kid_is_for_tokens_that_name_it() {
    let other = JwtKey::hs256(OTHER_SECRET).unwrap();
    let app = app(JwtKeySet::new([hs256().kid("new"), other.kid("old"), rs256()]));
    let hs256 = |kid| sign(&header(Algorithm::HS256, kid), &claims(json!({})));
    assert_good(&app, &hs256(Some("new")), "with its kid").await;
    for (kid, what) in [(Some("old"), "with another's"), (Some("none"), "with nobody's"), (None, "without one")] {
        assert_bad(&app, &hs256(kid), what).await;
    }
    for kid in [None, Some("anything")] {
        assert_good(&app, &sign(&header(Algorithm::RS256, kid), &claims(json!({}))), "of a key without one").await;
    }
    assert_bad(&app, &sign(&header(Algorithm::ES256, Some("new")), &claims(json!({}))), "of another algorithm").await;
}

#[tokio::test]
async fn of_two_keys_with_one_name_either_may_verify() {
    let other = JwtKey::hs256(OTHER_SECRET).unwrap();
    let app = app(JwtKeySet::new([other.kid("key"), hs256().kid("key")]));
    assert_good(&app, &sign(&header(Algorithm::HS256, Some("key")), &claims(json!({}))), "of the second").await;
}

#[tokio::test]
async fn keys_are_replaced_while_the_server_runs() {
    let keys = JwtKeySet::new([hs256()]);
    let token = Token::new(token(json!({})));
    assert!(keys.verify::<Claims>(&token).is_ok());
    keys.replace([rs256()]);
    assert!(keys.verify::<Claims>(&token).is_err());
    keys.replace([rs256(), hs256()]);
    assert!(keys.verify::<Claims>(&token).is_ok());
    keys.replace([]);
    assert!(keys.verify::<Claims>(&token).is_err());
}

#[test]
fn a_key_set_is_read_and_what_is_not_for_us_is_left_out() {
    let set = json!({ "keys": [
        { "kty": "oct", "kid": "a", "alg": "HS256", "k": part(&json!("thirty-two bytes and then a few more")) },
        { "kty": "oct", "kid": "b", "alg": "HS512", "k": part(&json!("thirty-two bytes and then a few more")) },
        { "kty": "oct", "kid": "c", "alg": "HS256", "use": "enc", "k": part(&json!("short")) },
        { "kty": "OKP", "kid": "d", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
        { "kty": "something", "kid": "e", "new": true },
    ] });
    let keys = JwtKey::jwks(&set.to_string()).unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let token = jsonwebtoken::encode(
        &header(Algorithm::HS256, Some("a")),
        &claims(json!({})),
        &EncodingKey::from_secret(b"\"thirty-two bytes and then a few more\""),
    );
    assert_eq!(JwtKeySet::new(keys).verify::<Claims>(&Token::new(token.unwrap())).unwrap().sub, "ada");

    for (broken, why) in [
        ("{}", "not a JSON Web Key Set"),
        ("[]", "not a JSON Web Key Set"),
        (r#"{"keys":[{"kty":"oct","alg":"HS256","k":"c2hvcnQ"}]}"#, "a secret for HS256 has 32 bytes at least"),
        (r#"{"keys":[{"kty":"RSA","n":"c2hvcnQ","e":"AQAB"}]}"#, "an RSA key for RS256 has 2048 bits at least"),
        (r#"{"keys":[{"kty":"RSA","n":"%","e":"AQAB"}]}"#, "a key of the set can't be read"),
    ] {
        assert_eq!(JwtKey::jwks(broken).unwrap_err().to_string(), why, "{broken}");
    }
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_are_refused() {
    let short = include_bytes!("jwt/rsa_short.pub.pem");
    let p384 = include_bytes!("jwt/ec_p384.pub.pem");
    for (key, why) in [
        (JwtKey::hs256("thirty-one bytes are too few..."), "a secret for HS256 has 32 bytes at least"),
        (JwtKey::hs256(""), "a secret for HS256 has 32 bytes at least"),
        (JwtKey::rs256_pem(short), "an RSA key for RS256 has 2048 bits at least"),
        (JwtKey::rs256_pem(SECRET), "not the PEM of a public RSA key"),
        (JwtKey::rs256_pem(EC_PUBLIC), "not the PEM of a public RSA key"),
        (JwtKey::rs256_pem(RSA), "not a public RSA key"),
        (JwtKey::es256_pem(RSA_PUBLIC), "not the PEM of a public key on P-256"),
        (JwtKey::es256_pem(EC), "not the PEM of a public key on P-256"),
        (JwtKey::es256_pem(p384), "not a public key on P-256"),
    ] {
        assert_eq!(key.unwrap_err().to_string(), why);
    }
}

#[test]
fn keys_show_no_secrets() {
    let set = JwtKeySet::new([JwtKey::hs256(SECRET).unwrap().kid("a"), rs256()]);
    let shown = format!("{set:?}");
    assert!(shown.contains("\"a\"") && shown.contains("RS256"), "{shown}");
    assert!(!shown.contains("SecretOrDer") && !shown.contains("116, 104"), "{shown}");
}

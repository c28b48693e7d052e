//! The example `secure`: who is let in, and what they may do there.

use channel_runtime::Reject;
use std::sync::Arc;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, Fault};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secure::{App, AuthenticatedChannel, Document, Welcome, Write};
use serde_json::json;
use tokio::time::advance;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/secure.rs"]
mod secure;

const ADA: u64 = 1;
const BEN: u64 = 2;
const EVE: u64 = 3;

const SECRET: &str = "a secret of thirty-two bytes and more";

/// An app that trusts tokens signed with this secret.
fn trusting(secret: &str) -> App {
    App::new(secret).unwrap()
}

/// An app, and another that makes the tokens it trusts.
fn app() -> (TestApp<App>, App) {
    (testing::app(secure::server(trusting(SECRET))), trusting(SECRET))
}

/// A token that is good for a minute.
fn token(issuer: &App, user: u64) -> String {
    issuer.token(user, secure::now() + 60)
}

async fn knock(app: &TestApp<App>, resource: &str, token: &str) -> Result<Client<AuthenticatedChannel>, Reject> {
    app.connect(&format!("/secure/{resource}")).query("token", token).await
}

/// Somebody who is inside, and has taken the welcome.
async fn inside(app: &TestApp<App>, resource: &str, token: &str) -> Client<AuthenticatedChannel> {
    let mut client = knock(app, resource, token).await.expect("the token and the right");
    client.expect::<Welcome>().await;
    client.expect::<Document>().await;
    client
}

fn refusal<T>(result: Result<T, Reject>) -> (u16, String) {
    let reject = result.err().expect("a refusal");
    (reject.status.as_u16(), reject.message)
}

#[tokio::test]
async fn a_token_is_taken_from_wherever_a_client_can_put_it() {
    let (app, issuer) = app();
    let expires_at = secure::now() + 60;
    let token = issuer.token(BEN, expires_at);
    let bearer = format!("Bearer {token}");
    let by_query = app.connect::<AuthenticatedChannel>("/secure/handbook").query("token", &token).await;
    let by_header = app.connect::<AuthenticatedChannel>("/secure/handbook").header("authorization", &bearer).await;
    let offered = format!("channels.1.json, channels.token.{token}");
    let by_subprotocol =
        app.connect::<AuthenticatedChannel>("/secure/handbook").header("sec-websocket-protocol", &offered).await;
    for client in [by_query, by_header, by_subprotocol] {
        let welcome: Welcome = client.expect("let in").expect().await;
        assert_eq!((welcome.user.as_str(), welcome.resource_id.as_str()), ("ben", "handbook"));
        assert_eq!((welcome.may_write, welcome.expires_at), (true, Some(expires_at)));
    }
}

#[tokio::test]
async fn who_has_no_token_is_told_so() {
    let (app, _) = app();
    let no_token = (401, "a token is needed".to_owned());
    let path = "/secure/handbook";
    assert_eq!(refusal(app.connect::<AuthenticatedChannel>(path).await), no_token);
    let basic = app.connect::<AuthenticatedChannel>(path).header("authorization", "Basic YWRhOnB3").await;
    assert_eq!(refusal(basic), no_token);
}

#[tokio::test]
async fn a_bad_token_is_invalid_whatever_is_wrong_with_it() {
    let (app, issuer) = app();
    let good = token(&issuer, EVE);
    let [head, claims, signature] = *good.split('.').collect::<Vec<_>>() else { panic!("a token has three parts") };
    let other_claims = token(&issuer, ADA);
    let other_claims = other_claims.split('.').nth(1).unwrap();
    let signed = |algorithm, claims: &serde_json::Value| {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    };
    let exp = secure::now() + 60;

    assert!(knock(&app, "handbook", &good).await.is_ok());
    assert!(knock(&app, "handbook", &signed(Algorithm::HS256, &json!({ "user_id": EVE, "exp": exp }))).await.is_ok());
    // A time in a token may have a fraction (RFC 7519, section 2).
    let fraction = json!({ "user_id": EVE, "exp": exp as f64 + 0.5 });
    assert!(knock(&app, "handbook", &signed(Algorithm::HS256, &fraction)).await.is_ok());
    for (bad, what) in [
        ("nonsense".into(), "no token at all"),
        (format!("{head}.{claims}"), "without a signature"),
        (format!("{head}.{claims}."), "with an empty signature"),
        (format!("{head}.{other_claims}.{signature}"), "with somebody else's claims"),
        (format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."), "with `alg: none`"),
        (token(&trusting("another secret of thirty-two bytes"), EVE), "signed by somebody else"),
        (issuer.token(EVE, secure::now() - 1), "expired a second ago"),
        (token(&issuer, 4711), "of a user that we don't know"),
        (signed(Algorithm::HS512, &json!({ "user_id": EVE, "exp": exp })), "signed in another way"),
        (signed(Algorithm::HS256, &json!({ "user_id": EVE })), "without an end"),
        (signed(Algorithm::HS256, &json!({ "user_id": EVE, "exp": "soon" })), "with an end that is no time"),
        (signed(Algorithm::HS256, &json!({ "user_id": 3.5, "exp": exp })), "of no user"),
    ] {
        assert_eq!(refusal(knock(&app, "handbook", &bad).await), (401, "invalid token".into()), "{what}");
    }
}

#[tokio::test]
async fn a_good_token_opens_only_what_its_user_may_read() {
    let (app, issuer) = app();
    let denied = (403, "access denied".to_owned());
    for (user, resource) in [(BEN, "payroll"), (EVE, "payroll"), (ADA, "no-such-document")] {
        assert_eq!(refusal(knock(&app, resource, &token(&issuer, user)).await), denied);
    }
    assert!(knock(&app, "payroll", &token(&issuer, ADA)).await.is_ok());
}

#[tokio::test]
async fn what_one_writes_all_at_the_document_read_and_nobody_else() {
    let (app, issuer) = app();
    let mut ada = inside(&app, "handbook", &token(&issuer, ADA)).await;
    let mut ben = inside(&app, "handbook", &token(&issuer, BEN)).await;
    let mut elsewhere = inside(&app, "payroll", &token(&issuer, ADA)).await;

    ada.send(Write { text: "Be kind.".into() });
    for client in [&mut ada, &mut ben] {
        let document: Document = client.expect().await;
        assert_eq!((document.text.as_str(), document.written_by.as_deref()), ("Be kind.", Some("ada")));
    }
    elsewhere.expect_nothing().await;

    let mut eve = knock(&app, "handbook", &token(&issuer, EVE)).await.unwrap();
    eve.expect::<Welcome>().await;
    assert_eq!(eve.expect::<Document>().await.text, "Be kind.");
}

#[tokio::test]
async fn who_may_only_read_can_not_write() {
    let (app, issuer) = app();
    let mut ada = inside(&app, "handbook", &token(&issuer, ADA)).await;
    let mut eve = knock(&app, "handbook", &token(&issuer, EVE)).await.unwrap();
    assert!(!eve.expect::<Welcome>().await.may_write);
    eve.expect::<Document>().await;

    let fault = eve.request(Write { text: "Be late.".into() }).error("forbidden").await;
    assert_eq!(fault.message, "You may read this document, but not write it");
    ada.expect_nothing().await;
}

#[tokio::test]
async fn a_document_has_a_longest_length() {
    let (app, issuer) = app();
    let mut ada = inside(&app, "handbook", &token(&issuer, ADA)).await;
    ada.request(Write { text: "x".repeat(4001) }).error("validation").await;
    ada.expect_nothing().await;
    ada.send(Write { text: "x".repeat(4000) });
    ada.expect::<Document>().await;
}

/// So many seconds; who waits for one of them has its turn.
async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_lasts_as_long_as_its_token_and_longer_where_that_is_renewed() {
    let (app, issuer) = app();
    let mut ada = inside(&app, "handbook", &issuer.token(ADA, secure::now() + 600)).await;
    for _ in 0..3 {
        seconds(541).await;
        assert_eq!(ada.expect_auth_expiring().await, Duration::from_secs(60));
        ada.refresh(&issuer.token(ADA, secure::now() + 600)).success().await;
    }
    seconds(541).await;
    ada.expect_auth_expiring().await;
    let fault = ada.refresh(&trusting("another secret of thirty-two bytes").token(ADA, secure::now() + 600));
    assert_eq!(fault.error(Fault::UNAUTHORIZED).await.message, "invalid token");
    seconds(60).await;
    assert_eq!(ada.expect_close().await, (CloseCode::UNAUTHORIZED, "the authority has expired".into()));
}

#[tokio::test]
async fn a_right_that_was_taken_away_ends_when_the_token_is_renewed() {
    let state = Arc::new(trusting(SECRET));
    let app = testing::app(secure::server(Arc::clone(&state)));
    let fresh = || token(&state, BEN);
    let mut ben = inside(&app, "handbook", &fresh()).await;
    ben.refresh(&fresh()).success().await;
    let body = json!({ "user": "ben", "resource_id": "handbook" });
    assert_eq!(app.post("/revoke").json(&body).await.status, 204);
    ben.expect_nothing().await;
    ben.refresh(&fresh()).error(Fault::FORBIDDEN).await;
    assert_eq!(ben.expect_close().await.0, CloseCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_becomes_somebody_else_by_a_new_token() {
    let (app, issuer) = app();
    let mut eve = inside(&app, "handbook", &token(&issuer, EVE)).await;
    eve.refresh(&token(&issuer, ADA)).error(Fault::FORBIDDEN).await;
    assert_eq!(eve.expect_close().await.0, CloseCode::FORBIDDEN);
}

#[tokio::test]
async fn a_login_gives_a_token_with_the_asked_lifetime() {
    let (app, _) = app();
    let login = async |user: &str, lifetime: i64| {
        let answer = app.post("/login").json(&json!({ "user": user, "lifetime": lifetime })).await;
        (answer.status.as_u16(), answer.text().to_owned())
    };
    let (status, token) = login("eve", 60).await;
    assert_eq!(status, 200);
    let mut eve = knock(&app, "handbook", &token).await.expect("let in");
    assert!(eve.expect::<Welcome>().await.expires_at.unwrap() <= secure::now() + 60);
    let (_, expired) = login("eve", -60).await;
    assert_eq!(refusal(knock(&app, "handbook", &expired).await), (401, "invalid token".into()));
    assert_eq!(login("mallory", 60).await.0, 404);
}

#[tokio::test]
async fn who_was_cut_off_is_sent_the_document_as_it_is_now_if_its_rights_still_let_it() {
    let (app, issuer) = app();
    let mut ada = inside(&app, "handbook", &token(&issuer, ADA)).await;
    let mut ben = inside(&app, "handbook", &token(&issuer, BEN)).await;
    ben.lose();
    ada.send(Write { text: "Be kind.".into() });
    ada.expect::<Document>().await;
    let mut ben = ben.come_back().await;
    ben.expect::<Welcome>().await;
    assert_eq!(ben.expect::<Document>().await.text, "Be kind.");
    ben.expect_nothing().await;
}

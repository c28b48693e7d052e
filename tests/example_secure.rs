//! The example `secure`: who is let in, and what they may do there.

use channel_runtime::Reject;
use channel_runtime::testing::{self, Client, TestApp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secure::{App, AuthenticatedChannel, Document, User, Welcome, Write};
use serde_json::json;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/secure.rs"]
mod secure;

const ADA: u64 = 1;
const BEN: u64 = 2;
const EVE: u64 = 3;

/// An app, and another that makes the tokens it trusts.
fn app() -> (TestApp<App>, App) {
    (testing::app(secure::server(App::new("the secret"))), App::new("the secret"))
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
async fn a_token_is_taken_from_the_query_or_from_the_header() {
    let (app, issuer) = app();
    let expires_at = secure::now() + 60;
    let token = issuer.token(BEN, expires_at);
    let bearer = format!("Bearer {token}");
    let by_query = app.connect::<AuthenticatedChannel>("/secure/handbook").query("token", &token).await;
    let by_header = app.connect::<AuthenticatedChannel>("/secure/handbook").header("authorization", &bearer).await;
    for client in [by_query, by_header] {
        let welcome: Welcome = client.expect("let in").expect().await;
        assert_eq!((welcome.user.as_str(), welcome.resource_id.as_str()), ("ben", "handbook"));
        assert_eq!((welcome.may_write, welcome.expires_at), (true, expires_at));
    }
}

#[tokio::test]
async fn who_has_no_token_is_told_so() {
    let (app, _) = app();
    let no_token = (401, "No token provided".to_owned());
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
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(b"the secret")).unwrap()
    };
    let exp = secure::now() + 60;

    assert!(knock(&app, "handbook", &good).await.is_ok());
    assert!(knock(&app, "handbook", &signed(Algorithm::HS256, &json!({ "user_id": EVE, "exp": exp }))).await.is_ok());
    for (bad, what) in [
        (String::new(), "empty"),
        ("nonsense".into(), "no token at all"),
        (format!("{head}.{claims}"), "without a signature"),
        (format!("{head}.{claims}."), "with an empty signature"),
        (format!("{head}.{other_claims}.{signature}"), "with somebody else's claims"),
        (format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."), "with `alg: none`"),
        (token(&App::new("another secret"), EVE), "signed by somebody else"),
        (issuer.token(EVE, secure::now() - 1), "expired a second ago"),
        (token(&issuer, 4711), "of a user that we don't know"),
        (signed(Algorithm::HS512, &json!({ "user_id": EVE, "exp": exp })), "signed in another way"),
        (signed(Algorithm::HS256, &json!({ "user_id": EVE })), "without an end"),
    ] {
        assert_eq!(refusal(knock(&app, "handbook", &bad).await), (401, "Invalid token".into()), "{what}");
    }
}

#[tokio::test]
async fn a_good_token_opens_only_what_its_user_may_read() {
    let (app, issuer) = app();
    let denied = (403, "Access denied".to_owned());
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

/// Calls the handler itself: a token that expires during a connection takes no waiting here.
#[tokio::test]
async fn a_token_that_expires_ends_its_connection_at_the_next_write() {
    let user = User { id: ADA, name: "ada".into(), expires_at: secure::now() - 1 };
    let mut channel = AuthenticatedChannel { resource_id: "handbook".into(), user };
    let socket = testing::socket::<AuthenticatedChannel>();
    let app = App::new("the secret");

    let fault = channel.write(Write { text: "Too late.".into() }, &socket, &app).unwrap_err();
    assert_eq!((&*fault.code, fault.message.as_str()), ("unauthorized", "Token expired"));
    socket.closed().await;
    assert_eq!(socket.sent_texts(), [""; 0]);
}

#[tokio::test]
async fn the_same_address_without_an_upgrade_explains_a_refusal() {
    let app = App::new("the secret");
    let (ada, ben) = (token(&app, ADA), token(&app, BEN));
    let routes = secure::routes(app.into());
    for (path, header, status, body) in [
        (format!("/secure/payroll?token={ada}"), None, 200, "Welcome"),
        ("/secure/payroll".into(), Some(format!("Bearer {ada}")), 200, "Welcome"),
        (format!("/secure/payroll?token={ben}"), None, 403, "Access denied"),
        ("/secure/payroll?token=x".into(), None, 401, "Invalid token"),
        ("/secure/payroll".into(), None, 401, "No token provided"),
    ] {
        let mut request = warp::test::request().path(&path);
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let answer = request.reply(&routes).await;
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (status, body.as_bytes()), "{path}");
    }
}

#[tokio::test]
async fn a_login_gives_a_token_with_the_asked_lifetime() {
    let (app, issuer) = app();
    let routes = secure::routes(issuer.into());
    let login = async |user: &str, lifetime: i64| {
        let body = json!({ "user": user, "lifetime": lifetime });
        let answer = warp::test::request().method("POST").path("/login").json(&body).reply(&routes).await;
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    };
    let (status, token) = login("eve", 60).await;
    assert_eq!(status, 200);
    let mut eve = knock(&app, "handbook", &token).await.expect("let in");
    assert!(eve.expect::<Welcome>().await.expires_at <= secure::now() + 60);
    let (_, expired) = login("eve", -60).await;
    assert_eq!(refusal(knock(&app, "handbook", &expired).await), (401, "Invalid token".into()));
    assert_eq!(login("mallory", 60).await.0, 404);
}

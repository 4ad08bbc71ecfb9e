//! Renewals that fail: what all streams of an account share, and what may be tried again.

use smartapi::stream::state::RenewalFault;

use super::*;

/// The broker takes the first login, refuses every refresh, and answers later logins with `code`.
async fn refusing(code: &'static str) -> Twin {
    Twin::start(move |seen| match (seen.path.as_str(), seen.earlier) {
        (routes::GENERATE_TOKENS, _) => bad("AB8051", "Refresh Token Expired"),
        (routes::LOGIN, 1..) => bad(code, "no"),
        _ => well(seen),
    })
    .await
}

#[tokio::test]
async fn a_refused_login_is_shared_and_not_made_again_by_each_stream() {
    let twin = refusing("AB1007").await;
    let broker = twin.connect().await.expect("logs in");
    let refused = broker.stream_auth().expect("fit");
    let renew = || broker.renew(&refused);
    let (one, two, three) = tokio::join!(renew(), renew(), renew());
    for result in [one, two, three, renew().await] {
        let fault = RenewalFault::from(result.expect_err("refused"));
        assert!(!fault.retryable && fault.text.contains("AB1007"), "{}", fault.text);
    }
    assert_eq!(twin.asked(), ["loginByPassword", "generateTokens", "loginByPassword"]);
}

#[tokio::test]
async fn a_login_that_the_broker_failed_may_be_made_again_later() {
    for code in ["AB1004", "AB2001"] {
        let twin = refusing(code).await;
        let broker = twin.connect().await.expect("logs in");
        let refused = broker.stream_auth().expect("fit");
        let error = broker.renew(&refused).await.expect_err("failed");
        assert!(RenewalFault::from(error).retryable, "{code}");
    }
}

#[tokio::test]
async fn what_the_broker_refused_stands_until_there_is_another_session() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::GENERATE_TOKENS, _) => bad("AB8051", "Refresh Token Expired"),
        (routes::LOGIN, 1) => bad("AB1007", "Invalid Password"),
        (routes::SEARCH_SCRIP | routes::PROFILE, _) => dead(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    assert!(broker.not_renewed().is_none());
    for _ in 0..3 {
        let error = broker.search("NFO", "nifty").await.expect_err("no session");
        assert_eq!(error.api().and_then(ApiError::code), Some("AB1007"), "{error}");
    }
    let logins = || twin.asked().iter().filter(|path| *path == "loginByPassword").count();
    assert_eq!(logins(), 2, "the first, and one that was refused");
    let told = broker.not_renewed().expect("said");
    assert!(told.to_string().contains("AB1007") && !told.hint().is_empty(), "{told}");
    let next = twin.connect().await.expect("a new connect asks again");
    assert!(next.not_renewed().is_none() && logins() == 3);
}

#[tokio::test]
async fn a_refresh_that_is_answered_by_anything_but_tokens_leads_to_a_login() {
    for trouble in [
        (502, "text/html", "<html>".to_owned()),
        (200, "text/html", "<html><title>Request Rejected</title>".to_owned()),
        (200, "application/json", String::new()),
        good(json!({ "jwtToken": "", "refreshToken": "r", "feedToken": "f" })),
    ] {
        let twin = Twin::start(move |seen| match seen.path.as_str() {
            routes::GENERATE_TOKENS => trouble.clone(),
            _ => well(seen),
        })
        .await;
        let broker = twin.connect().await.expect("logs in");
        broker.renew(&broker.stream_auth().expect("fit")).await.expect("logs in again");
        assert_eq!(twin.asked(), ["loginByPassword", "generateTokens", "loginByPassword"]);
    }
}

#[tokio::test]
async fn a_renewal_after_logout_makes_no_session() {
    let twin = Twin::start(well).await;
    let broker = twin.connect().await.expect("logs in");
    let session = Arc::clone(&broker.session);
    let auth = broker.stream_auth().expect("fit");
    broker.logout().await.expect("logs out");
    session.renew_refused(&auth).await.expect("nothing to do");
    assert_eq!(twin.asked(), ["loginByPassword", "logout"]);
}

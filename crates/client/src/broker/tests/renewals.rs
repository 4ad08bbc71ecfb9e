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

//! A bad setting stops the stand-ins with one sentence: the setting, the value, what would be right.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what tests share may fail as tests do"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use platform::ids::Ids;
use tokio::process::Command;

const GOOD: &str = r#"
identity_listen = "127.0.0.1:0"
stripe_listen = "127.0.0.1:0"
smtp_listen = "127.0.0.1:0"
mail_http_listen = "127.0.0.1:0"
audience = "tribina"
stripe_secret_key = "sk_test_hush"
stripe_webhook_secret = "whsec_hush"
stripe_webhook_url = "http://127.0.0.1:1/webhooks"
"#;

/// Setting, value, what is said of it. Nothing says a secret.
const BAD: [(&str, &str, &str); 10] = [
    (
        "smtp_listen",
        "nowhere",
        "(STAND_INS_SMTP_LISTEN) is \"nowhere\"; it should be an address and a port, such as 127.0.0.1:7400",
    ),
    (
        "audience",
        "\"\"",
        "is empty; it should be the `aud` of fans' tokens",
    ),
    (
        "stripe_secret_key",
        "\" \"",
        "is empty; it should be what callers show as bearer token",
    ),
    (
        "stripe_webhook_secret",
        "\"\"",
        "is empty; it should be what webhooks are signed with",
    ),
    (
        "stripe_webhook_url",
        "ftp://a",
        "is `ftp://a`; it should be an http:// or https:// URL",
    ),
    (
        "stripe_webhook_url",
        "http://",
        "is `http://`; it should be an http:// or https:// URL",
    ),
    (
        "stripe_webhook_delay_ms",
        "soon",
        "(STAND_INS_STRIPE_WEBHOOK_DELAY_MS) is \"soon\"; it should be a whole number",
    ),
    (
        "stripe_webhook_mischief",
        "{lost=600, delayed=401}",
        "is impossible; it should be shares of at most 1000 in all, and ranges whose first end is the smaller one",
    ),
    (
        "stripe_webhook_mischief",
        "{delay_ms=[2, 1]}",
        "is impossible; it should be shares of at most 1000 in all, and ranges whose first end is the smaller one",
    ),
    (
        "log_format",
        "loud",
        "(STAND_INS_LOG_FORMAT) is \"loud\"; it should be text or json",
    ),
];

#[tokio::test]
async fn a_bad_setting_is_named_with_what_would_be_right() {
    let file = std::env::temp_dir().join(format!("stand-ins-{}.toml", Ids.next()));
    std::fs::write(&file, GOOD).unwrap();
    let at_once = Duration::from_millis(500);
    let good = run(&file, ("STAND_INS_AUDIENCE", "others"), at_once).await;
    assert!(good.is_none(), "{good:?}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let is_taken = format!(
        "is {taken}; it should be an address that is free here (Address already in use (os error 98))"
    );
    let listeners = [
        "identity_listen",
        "stripe_listen",
        "smtp_listen",
        "mail_http_listen",
    ];
    let all_taken = listeners.map(|setting| (setting, taken.as_str(), is_taken.as_str()));
    for (setting, value, told) in all_taken.into_iter().chain(BAD) {
        let variable = format!("STAND_INS_{}", setting.to_uppercase());
        let said = refusal(&file, (&variable, value)).await;
        let wanted = format!("stand-ins: setting `{setting}` {told}\n");
        assert!(said.ends_with(&wanted), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
    let said = refusal(&file, ("STAND_INS_COLOUR", "blue")).await;
    let wanted = "stand-ins: setting `colour` is unknown; it should be one of identity_listen, ";
    assert!(said.starts_with(wanted), "{said}");
    std::fs::remove_file(&file).unwrap();
}

/// What the stand-ins say when one changed setting stops them.
async fn refusal(file: &Path, (variable, value): (&str, &str)) -> String {
    let ended = run(file, (variable, value), Duration::from_secs(20)).await;
    let refused = ended.unwrap_or_else(|| panic!("{variable}={value} was accepted"));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    said
}

/// Runs the stand-ins with one setting changed, until they end by themselves; `None` if they do not.
async fn run(file: &Path, (variable, value): (&str, &str), patience: Duration) -> Option<Output> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_stand-ins"));
    program.arg("--config").arg(file);
    program.env(variable, value).kill_on_drop(true);
    let ended = tokio::time::timeout(patience, program.output()).await;
    ended.ok().map(Result::unwrap)
}

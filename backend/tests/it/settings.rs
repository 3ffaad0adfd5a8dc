//! A bad setting stops the start with one sentence: the setting, the value, what would be right.

use backend::settings::Settings;
use secrecy::SecretString;

use crate::world::settings;

/// The sentence with which `spoil` stops the start.
fn refusal(spoil: impl FnOnce(&mut Settings)) -> String {
    let mut bad = settings();
    spoil(&mut bad);
    bad.check().unwrap_err().to_string()
}

#[tokio::test]
async fn good_settings_are_accepted() {
    settings().check().unwrap();
}

#[tokio::test]
async fn a_number_out_of_its_range_is_named_with_its_range() {
    let connections = refusal(|bad| bad.database.max_connections = 1);
    assert_eq!(
        connections,
        "setting `database.max_connections` is 1; it should be 2 to 500"
    );
    let workers = refusal(|bad| bad.http.workers = 0);
    assert_eq!(workers, "setting `http.workers` is 0; it should be 1 to 256");
    let budget = refusal(|bad| bad.stripe.requests_per_second = 0);
    assert_eq!(
        budget,
        "setting `stripe.requests_per_second` is 0; it should be 1 to 1000"
    );
}

#[tokio::test]
async fn an_address_must_be_one_and_end_without_a_slash() {
    for bad in ["ftp://a.example", "a.example", "http://a.example/", ""] {
        let wanted = format!("is {bad}; it should be an http(s) address without a slash at its end");
        assert_eq!(
            refusal(|it| it.http.public_url = bad.to_owned()),
            format!("setting `http.public_url` {wanted}")
        );
        assert_eq!(
            refusal(|it| it.identity.issuer = bad.to_owned()),
            format!("setting `identity.issuer` {wanted}")
        );
        assert_eq!(
            refusal(|it| it.waiting_room.api_url = bad.to_owned()),
            format!("setting `waiting_room.api_url` {wanted}")
        );
        assert_eq!(
            refusal(|it| it.stripe.api_url = bad.to_owned()),
            format!("setting `stripe.api_url` {wanted}")
        );
    }
}

#[tokio::test]
async fn a_secret_that_does_not_fit_is_named_and_never_shown() {
    let bad = || SecretString::from("hush-hush");
    for (name, sentence) in [
        ("database.url", refusal(|it| it.database.url = bad())),
        (
            "waiting_room.signing_key",
            refusal(|it| it.waiting_room.signing_key = bad()),
        ),
        (
            "secrets.personal_data_key",
            refusal(|it| it.secrets.personal_data_key = bad()),
        ),
        (
            "secrets.blind_index_key",
            refusal(|it| it.secrets.blind_index_key = bad()),
        ),
        (
            "secrets.ticket_signing_key",
            refusal(|it| it.secrets.ticket_signing_key = bad()),
        ),
        ("mail.smtp_url", refusal(|it| it.mail.smtp_url = bad())),
        ("redis.url", refusal(|it| it.redis.url = bad())),
        (
            "redis.url",
            refusal(|it| it.redis.url = SecretString::from("rediss://hush@host")),
        ),
        (
            "nats.url",
            refusal(|it| it.nats.url = SecretString::from("http://hush:hush")),
        ),
        (
            "stripe.secret_key",
            refusal(|it| it.stripe.secret_key = SecretString::from("sk_test_hush")),
        ),
        (
            "stripe.webhook_secret",
            refusal(|it| it.stripe.webhook_secret = SecretString::from("whsec_")),
        ),
    ] {
        assert!(
            sentence.starts_with(&format!("setting `{name}` is ")),
            "{sentence}"
        );
        assert!(sentence.contains("; it should be "), "{sentence}");
        assert!(
            !sentence.contains("hush") && !sentence.contains('\n'),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn a_folder_without_the_bus_files_and_a_sender_that_is_no_address_are_named() {
    let folder = refusal(|bad| bad.nats.files = "/nowhere".into());
    assert_eq!(
        folder,
        "setting `nats.files` is /nowhere; it should be the folder that holds stream.json and consumers/"
    );
    let sender = refusal(|bad| bad.mail.from = "nobody".to_owned());
    assert!(
        sender.starts_with("setting `mail.from` is nobody; it should be "),
        "{sender}"
    );
}

#[tokio::test]
async fn a_site_whose_events_no_consumer_would_be_given_and_empty_names_are_named() {
    let site = refusal(|bad| bad.stripe.site = "portal".to_owned());
    assert!(
        site.starts_with("setting `stripe.site` is portal; it should be the site that ")
            && site.ends_with("consumers/payments.json filters, stripe.backend"),
        "{site}"
    );
    assert_eq!(
        refusal(|bad| bad.identity.audience = String::new()),
        "setting `identity.audience` is empty; it should be a name"
    );
    assert_eq!(
        refusal(|bad| bad.waiting_room.tenant = " ".to_owned()),
        "setting `waiting_room.tenant` is empty; it should be a name"
    );
    assert_eq!(
        refusal(|bad| bad.waiting_room.issuer = String::new()),
        "setting `waiting_room.issuer` is empty; it should be a name"
    );
}

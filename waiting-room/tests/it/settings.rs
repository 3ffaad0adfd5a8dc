//! A bad setting stops the start with one sentence: the setting, the value, what would be right.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::process::Command;
use uuid::Uuid;

use crate::harness::{Room, room};

/// Setting, value, what is said of it. Nothing says a secret, such as `hush`.
const BAD: [(&str, &str, &str); 14] = [
    (
        "http.listen",
        "nowhere",
        "(WAITING_ROOM_HTTP__LISTEN) is \"nowhere\"; it should be an address and a port, such as 127.0.0.1:7400",
    ),
    ("http.workers", "0", "is 0; it should be from 1 to 64"),
    ("http.workers", "65", "is 65; it should be from 1 to 64"),
    (
        "http.workers",
        "many",
        "(WAITING_ROOM_HTTP__WORKERS) is \"many\"; it should be a whole number",
    ),
    (
        "http.public_url",
        "ftp://a",
        "is `ftp://a`; it should be an address starting with http:// or https://, without a slash at its end",
    ),
    (
        "http.sockets_public_url",
        "wss://a/",
        "is `wss://a/`; it should be an address starting with ws:// or wss://, without a slash at its end",
    ),
    (
        "database.url",
        "mysql://hush@host/name",
        "is not a Postgres address; it should be like postgres://user@host:5432/name",
    ),
    (
        "database.url",
        "hush",
        "is not a Postgres address; it should be like postgres://user@host:5432/name",
    ),
    (
        "database.max_connections",
        "1",
        "is 1; it should be from 2 to 1000",
    ),
    (
        "redis.url",
        "http://hush:6379",
        "is not a Redis address; it should be like redis://host:6379",
    ),
    (
        "redis.url",
        "rediss://hush:6379",
        "is not a Redis address; it should be like redis://host:6379",
    ),
    (
        "signing.issuer",
        "\"\"",
        "is empty; it should be the name that tokens carry in `iss`",
    ),
    (
        "signing.key",
        "hush",
        "is not an Ed25519 seed; it should be 32 bytes in standard base64",
    ),
    (
        "log.format",
        "loud",
        "(WAITING_ROOM_LOG__FORMAT) is \"loud\"; it should be text or json",
    ),
];

#[test]
fn a_bad_setting_is_named_with_what_would_be_right() {
    room(|room| async move {
        let file = std::env::temp_dir().join(format!("room-{}.toml", Uuid::now_v7()));
        write_settings(&room, &file);
        let good = run(&file, "migrate", ("WAITING_ROOM_LOG__FORMAT", "json")).await;
        assert!(good.status.success(), "{good:?}");

        let taken = |address: &str| {
            format!(
                "is {address}; it should be an address that is free here (Address already in use (os error 98))"
            )
        };
        let api = room.base.strip_prefix("http://").unwrap();
        let sockets = room.sockets.strip_prefix("ws://").unwrap();
        let (api_taken, sockets_taken) = (taken(api), taken(sockets));
        for (setting, value, told) in [
            ("http.listen", api, api_taken.as_str()),
            ("http.sockets_listen", sockets, &sockets_taken),
        ]
        .into_iter()
        .chain(BAD)
        {
            let variable = format!("WAITING_ROOM_{}", setting.to_uppercase().replace('.', "__"));
            let refused = run(&file, "serve", (&variable, value)).await;
            let said = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(said, format!("setting `{setting}` {told}\n"));
            assert_eq!(refused.status.code(), Some(2), "{said}");
        }
        std::fs::remove_file(&file).unwrap();
    });
}

/// A file with the settings of the room.
fn write_settings(room: &Room, file: &Path) {
    let settings = &room.settings;
    let text = format!(
        r#"
        [http]
        listen = "127.0.0.1:0"
        public_url = "http://room.test"
        sockets_listen = "127.0.0.1:0"
        sockets_public_url = "ws://sockets.room.test"
        [database]
        url = "{}"
        max_connections = 2
        [redis]
        url = "{}"
        [signing]
        issuer = "room-under-test"
        key = "{}"
        "#,
        settings.database.url.expose_secret(),
        settings.redis.url.expose_secret(),
        settings.signing.key.expose_secret(),
    );
    std::fs::write(file, text).unwrap();
}

/// Runs the program with one setting changed, until it ends by itself.
async fn run(file: &Path, command: &str, (variable, value): (&str, &str)) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waiting-room"));
    program.arg("--config").arg(file).arg(command);
    program.env(variable, value).kill_on_drop(true);
    tokio::time::timeout(Duration::from_secs(20), program.output())
        .await
        .unwrap_or_else(|_| panic!("{variable}={value} was accepted"))
        .unwrap()
}

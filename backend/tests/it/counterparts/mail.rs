//! A confirmation that a mail server takes which others wrote.

use std::path::PathBuf;

use crate::notifications::worker::{FAN, World};
use crate::support::{eventually, variable};

#[tokio::test]
#[ignore = "`cargo xtask counterparts` starts the mail server"]
async fn a_confirmation_arrives_as_the_mail_that_was_meant() {
    let world = World::start().await;
    world.start_worker(&variable("COUNTERPART_SMTP"));

    let event = world.confirm(FAN).await;
    eventually("the mail is sent", || world.sent(event)).await;

    let folder = PathBuf::from(variable("COUNTERPART_MAILS"));
    let named = format!("<{event}@tribina.example>");
    let kept = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .filter(|mail| mail.contains(&named))
        .collect::<Vec<_>>();
    let [mail] = kept.as_slice() else {
        panic!("{} mails are called {named}", kept.len())
    };
    for line in [
        format!("To: {FAN}"),
        "From: Tribina <ulaznice@tribina.example>".to_owned(),
    ] {
        assert!(
            mail.lines().any(|said| said.trim_end() == line),
            "{line} is not in\n{mail}"
        );
    }
    world.stop().await;
}

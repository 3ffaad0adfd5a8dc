//! The mail sink, seen by lettre and by a client that misbehaves.

use std::time::Duration;

use lettre::message::{MultiPart, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use platform::tasks::Tasks;
use serde_json::Value;
use testkit::mail_sink::{self, Settings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn mails_arrive_decoded_with_both_parts() {
    let tasks = Tasks::new();
    let sink = mail_sink::start(&tasks, Settings::for_tests()).await.unwrap();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&sink.smtp_url())
        .unwrap()
        .build();
    for number in 1..=3 {
        let message = Message::builder()
            .from("Tribina <ulaznice@tribina.example>".parse().unwrap())
            .to("Ana Šarić <ana@fans.example>".parse().unwrap())
            .subject(format!("Vaše ulaznice čekaju, narudžba {number}"))
            .multipart(
                MultiPart::alternative()
                    .singlepart(SinglePart::plain(
                        "Pozdrav!\r\n.točka na početku retka\r\n".to_owned(),
                    ))
                    .singlepart(SinglePart::html("<p>Pozdrav, <b>Ana</b>!</p>".to_owned())),
            )
            .unwrap();
        transport.send(message).await.unwrap();
    }

    let mails = sink.mails_to("ANA@fans.example");
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[0].subject, "Vaše ulaznice čekaju, narudžba 1");
    assert!(mails[0].text.contains("\n.točka"), "{:?}", mails[0].text);
    assert!(mails[0].html.contains("<b>Ana</b>"));

    let http = platform::http_client(Duration::from_secs(5)).unwrap();
    let read = |path: &str| {
        let request = http.get(format!("{}{path}", sink.base_url()));
        async move { request.send().await.unwrap() }
    };
    let counted: Value = read("/api/count").await.json().await.unwrap();
    assert_eq!(
        (counted["received"].as_u64(), counted["kept"].as_u64()),
        (Some(3), Some(3))
    );
    let found: Value = read("/api/mails?to=ana@fans.example").await.json().await.unwrap();
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
    let none: Value = read("/api/mails?to=ivo@fans.example").await.json().await.unwrap();
    assert_eq!(none["items"].as_array().unwrap().len(), 0);
    let page = read("/").await.text().await.unwrap();
    assert!(page.contains("narudžba 3") && page.contains("sandbox"));
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn commands_out_of_order_and_too_much_mail_are_refused() {
    let tasks = Tasks::new();
    let sink = mail_sink::start(&tasks, Settings::for_tests()).await.unwrap();
    let mut stream = TcpStream::connect(sink.smtp_url().trim_start_matches("smtp://"))
        .await
        .unwrap();
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    assert!(lines.next_line().await.unwrap().unwrap().starts_with("220"));
    let conversation = [
        ("MAIL FROM:<a@b.example>", "503"),
        ("HELO me", "250"),
        ("RCPT TO:<a@b.example>", "503"),
        ("MAIL FROM:<a@b.example> SIZE=99999999", "552"),
        ("MAIL FROM:a@b.example", "501"),
        ("mail from:<>", "250"),
        ("DATA", "503"),
        ("RCPT TO:<nobody>", "501"),
        ("RCPT TO:<ivo@fans.example>", "250"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("DANCE", "500"),
        ("NOOP", "250"),
        ("MAIL FROM:<a@b.example>", "250"),
        ("RCPT TO:<ivo@fans.example>", "250"),
        ("DATA", "354"),
    ];
    for (line, code) in conversation {
        writer.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        let answer = lines.next_line().await.unwrap().unwrap();
        assert!(answer.starts_with(code), "{line} was answered {answer}");
    }
    let long = format!("{}\r\n", "x".repeat(998)).repeat(1100);
    writer.write_all(long.as_bytes()).await.unwrap();
    writer.write_all(b".\r\n").await.unwrap();
    assert!(lines.next_line().await.unwrap().unwrap().starts_with("552"));
    writer.write_all(b"QUIT\r\n").await.unwrap();
    assert!(lines.next_line().await.unwrap().unwrap().starts_with("221"));
    assert!(sink.mails_to("ivo@fans.example").is_empty());
}

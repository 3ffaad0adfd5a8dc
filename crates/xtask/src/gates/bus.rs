//! The files under `nats/`: what every server from 2.9 on understands, and nothing else.

use serde_json::Value;

use super::{Findings, SourceFile};

/// Fields that a 2.9 server keeps. It drops others without a word: with `filter_subjects` a consumer receives everything.
const STREAM_FIELDS: [&str; 15] = [
    "name",
    "description",
    "subjects",
    "retention",
    "storage",
    "discard",
    "max_age",
    "max_bytes",
    "max_msgs",
    "max_msgs_per_subject",
    "max_msg_size",
    "max_consumers",
    "num_replicas",
    "duplicate_window",
    "deny_delete",
];
const CONSUMER_FIELDS: [&str; 11] = [
    "durable_name",
    "description",
    "filter_subject",
    "deliver_policy",
    "ack_policy",
    "replay_policy",
    "ack_wait",
    "max_deliver",
    "max_ack_pending",
    "max_waiting",
    "backoff",
];

/// Every consumer names exactly one subject, and is named like its file.
pub(crate) fn one_filter_each(consumers: &[SourceFile]) -> Findings {
    let mut findings = Findings::new();
    for file in consumers {
        let consumer: Value = serde_json::from_str(&file.text).unwrap_or_default();
        if consumer["filter_subject"].as_str().is_none_or(str::is_empty) {
            findings.push(format!("{}: needs one `filter_subject`", file.path));
        }
        let name = consumer["durable_name"].as_str().unwrap_or_default();
        if !file.path.ends_with(&format!("/{name}.json")) {
            findings.push(format!(
                "{}: its `durable_name` is `{name}`; file and consumer share one name",
                file.path
            ));
        }
    }
    findings
}

/// No stream or consumer uses a field that an older server drops.
pub(crate) fn known_fields(files: &[SourceFile]) -> Findings {
    let mut findings = Findings::new();
    for file in files {
        let known: &[&str] = match file.path.as_str() {
            "nats/stream.json" => &STREAM_FIELDS,
            path if path.starts_with("nats/consumers/") => &CONSUMER_FIELDS,
            _ => continue,
        };
        let Ok(Value::Object(fields)) = serde_json::from_str(&file.text) else {
            findings.push(format!("{}: not a JSON object", file.path));
            continue;
        };
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            findings.push(format!(
                "{}: `{field}` is dropped by NATS 2.9; leave it out",
                file.path
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_consumer_without_its_one_subject_is_named() {
        let several = r#"{"durable_name": "mail", "filter_subjects": ["mail.*", "order.*"]}"#;
        assert_eq!(
            one_filter_each(&sample("nats/consumers/mail.json", several)).len(),
            1
        );
        assert_eq!(
            known_fields(&sample("nats/consumers/mail.json", several)).len(),
            1
        );
        let one = r#"{"durable_name": "mail", "filter_subject": "mail.*"}"#;
        assert!(one_filter_each(&sample("nats/consumers/mail.json", one)).is_empty());
        assert_eq!(one_filter_each(&sample("nats/consumers/post.json", one)).len(), 1);
    }

    #[test]
    fn a_field_of_a_newer_server_is_named() {
        let finding = known_fields(&sample(
            "nats/stream.json",
            r#"{"name": "s", "compression": "s2"}"#,
        ));
        assert_eq!(
            finding,
            ["nats/stream.json: `compression` is dropped by NATS 2.9; leave it out"]
        );
    }
}

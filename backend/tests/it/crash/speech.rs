//! What is said on a wire, as far as it tells that the backend had an effect.

/// What can be passed on as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// In bytes.
    pub(super) length: usize,
    /// What it tells that was done.
    pub(super) effect: Option<String>,
}

impl Frame {
    fn plain(length: usize) -> Self {
        Self { length, effect: None }
    }
}

/// Follows one direction of a conversation.
pub(super) trait Speech: Send {
    /// The frame that `heard` begins with; none if that is not all of it yet.
    fn next(&mut self, heard: &[u8]) -> Option<Frame>;
}

/// Whatever is said tells nothing.
pub(super) struct Anything;

impl Speech for Anything {
    fn next(&mut self, heard: &[u8]) -> Option<Frame> {
        (!heard.is_empty()).then(|| Frame::plain(heard.len()))
    }
}

/// What Postgres says. An effect is a COMMIT, or a statement outside of a transaction that wrote rows; it is known at
/// ReadyForQuery, and what Postgres says from the statement's end to there is one frame.
#[derive(Default)]
pub(super) struct PostgresSays {
    /// Statements of the open transaction that have ended.
    done: Vec<String>,
}

impl Speech for PostgresSays {
    fn next(&mut self, heard: &[u8]) -> Option<Frame> {
        let mut done = Vec::new();
        let mut length = 0;
        loop {
            let message = heard.get(length..)?;
            let size = u32::from_be_bytes(message.get(1..5)?.try_into().ok()?);
            let size = usize::try_from(size).ok()? + 1;
            let body = message.get(5..size)?;
            length += size;
            match message[0] {
                b'C' => done.push(String::from_utf8_lossy(body).trim_end_matches('\0').to_owned()),
                b'Z' => {
                    self.done.append(&mut done);
                    return Some(Frame {
                        length,
                        effect: if body == b"I" { self.end() } else { None },
                    });
                }
                _ if done.is_empty() => return Some(Frame::plain(length)),
                _ => {}
            }
        }
    }
}

impl PostgresSays {
    /// No transaction is open any more: what it wrote, if it did.
    fn end(&mut self) -> Option<String> {
        let mut done = std::mem::take(&mut self.done);
        if done.iter().any(|tag| tag == "ROLLBACK") {
            return None;
        }
        // What a COMMIT ends may have written without a word: a SELECT can hold an INSERT.
        done.retain(|tag| {
            let (verb, rows) = tag.split_once(' ').unwrap_or((tag, ""));
            verb == "COMMIT"
                || ["INSERT", "UPDATE", "DELETE"].contains(&verb) && !["0", "0 0"].contains(&rows)
        });
        (!done.is_empty()).then(|| done.join(", "))
    }
}

/// What the backend says to NATS: an effect is an acknowledgement, which nobody answers.
pub(super) struct NatsHears;

impl Speech for NatsHears {
    fn next(&mut self, heard: &[u8]) -> Option<Frame> {
        let message = nats_message(heard)?;
        let is_ack = message.subject().starts_with("$JS.ACK.") && message.payload == b"+ACK";
        Some(Frame {
            length: message.length,
            effect: is_ack.then(|| "acknowledged".to_owned()),
        })
    }
}

/// What NATS says to the backend: an effect is that the stream took an event, or that a consumer is given one.
pub(super) struct NatsSays;

impl Speech for NatsSays {
    fn next(&mut self, heard: &[u8]) -> Option<Frame> {
        let message = nats_message(heard)?;
        let is_delivery = message
            .words
            .iter()
            .skip(3)
            .any(|word| word.starts_with("$JS.ACK."));
        let effect = if is_delivery {
            Some(format!("delivered {}", message.subject()))
        } else {
            message
                .payload
                .starts_with(br#"{"stream":"#)
                .then(|| "published".to_owned())
        };
        Some(Frame {
            length: message.length,
            effect,
        })
    }
}

/// A line of NATS's protocol, and what it carries.
struct NatsMessage<'a> {
    words: Vec<&'a str>,
    payload: &'a [u8],
    length: usize,
}

impl NatsMessage<'_> {
    fn subject(&self) -> &str {
        self.words.get(1).copied().unwrap_or_default()
    }
}

fn nats_message(heard: &[u8]) -> Option<NatsMessage<'_>> {
    let end = heard.windows(2).position(|two| two == b"\r\n")?;
    let words: Vec<&str> = std::str::from_utf8(&heard[..end])
        .unwrap()
        .split_whitespace()
        .collect();
    let verb = words
        .first()
        .map(|verb| verb.to_ascii_uppercase())
        .unwrap_or_default();
    let after_line = end + 2;
    if !["PUB", "HPUB", "MSG", "HMSG"].contains(&verb.as_str()) {
        return Some(NatsMessage {
            words,
            payload: b"",
            length: after_line,
        });
    }
    let size: usize = words.last()?.parse().unwrap();
    let length = after_line + size + 2;
    (heard.len() >= length).then(|| NatsMessage {
        words,
        payload: &heard[after_line..after_line + size],
        length,
    })
}

/// What a mail server says: an effect is that it accepts what came after its 354.
#[derive(Default)]
pub(super) struct SmtpSays {
    takes_content: bool,
}

impl Speech for SmtpSays {
    fn next(&mut self, heard: &[u8]) -> Option<Frame> {
        let length = heard.windows(2).position(|two| two == b"\r\n")? + 2;
        let accepted = self.takes_content && heard.starts_with(b"250 ");
        self.takes_content = heard.starts_with(b"354");
        Some(Frame {
            length,
            effect: accepted.then(|| "accepted a mail".to_owned()),
        })
    }
}

#[test]
fn a_commit_and_a_lone_write_are_effects_of_postgres_and_nothing_else_is() {
    let tag = |tag: &str| {
        let size = u32::try_from(tag.len() + 5).unwrap();
        [b"C".as_slice(), &size.to_be_bytes(), tag.as_bytes(), b"\0"].concat()
    };
    let ready = |state: u8| vec![b'Z', 0, 0, 0, 5, state];
    let effects = |messages: &[Vec<u8>]| {
        let (mut speech, mut effects, said) = (PostgresSays::default(), Vec::new(), messages.concat());
        let mut heard = said.as_slice();
        while let Some(frame) = speech.next(heard) {
            effects.extend(frame.effect);
            heard = &heard[frame.length..];
        }
        assert!(heard.is_empty(), "all of it is passed on");
        effects
    };

    let transaction = [
        tag("BEGIN"),
        ready(b'T'),
        tag("UPDATE 1"),
        ready(b'T'),
        tag("COMMIT"),
        ready(b'I'),
    ];
    assert_eq!(effects(&transaction), ["UPDATE 1, COMMIT"]);
    assert_eq!(effects(&[tag("INSERT 0 2"), ready(b'I')]), ["INSERT 0 2"]);
    let rolled_back = [
        tag("BEGIN"),
        ready(b'T'),
        tag("UPDATE 1"),
        ready(b'T'),
        tag("ROLLBACK"),
        ready(b'I'),
    ];
    for nothing in [
        rolled_back.as_slice(),
        &[tag("UPDATE 0"), ready(b'I')],
        &[tag("INSERT 0 0"), ready(b'I')],
        &[tag("SELECT 1"), ready(b'I')],
    ] {
        assert_eq!(effects(nothing), Vec::<String>::new());
    }
    assert_eq!(
        PostgresSays::default().next(&tag("COMMIT")),
        None,
        "held back until it is known"
    );
}

#[test]
fn what_nats_stores_delivers_and_is_acknowledged_are_effects() {
    let ack = NatsHears.next(b"PUB $JS.ACK.stream.mail.1.1.1 4\r\n+ACK\r\nPING\r\n");
    assert_eq!(
        ack.map(|frame| (frame.length, frame.effect.is_some())),
        Some((39, true))
    );
    let progress = NatsHears
        .next(b"PUB $JS.ACK.stream.mail.1.1.1 4\r\n+WPI\r\n")
        .unwrap();
    assert_eq!(progress.effect, None);
    let stored = NatsSays
        .next(b"MSG _INBOX.a 1 26\r\n{\"stream\":\"test\",\"seq\": 17}\r\n")
        .unwrap();
    assert_eq!(stored.effect.as_deref(), Some("published"));
    let delivered = NatsSays
        .next(b"HMSG mail.x 1 $JS.ACK.s.c.1 12 14\r\nNATS/1.0\r\n\r\n{}\r\n")
        .unwrap();
    assert_eq!(delivered.effect.as_deref(), Some("delivered mail.x"));
    assert_eq!(
        NatsSays.next(b"MSG _INBOX.a 1 26\r\n{\"stream\":"),
        None,
        "not all of it yet"
    );
    assert_eq!(NatsSays.next(b"PONG\r\n"), Some(Frame::plain(6)));
}

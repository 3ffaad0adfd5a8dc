//! `audit_gaps`: every change has exactly one entry, and the chain of entries is whole.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{AuditEntry, Facts, Order};

/// A change without exactly one entry, or a broken chain.
pub(crate) fn audit_gaps(facts: &Facts) -> Vec<Finding> {
    let mut chains: BTreeMap<Uuid, Vec<&AuditEntry>> = BTreeMap::new();
    for entry in &facts.audit {
        chains.entry(entry.subject_id).or_default().push(entry);
    }
    for chain in chains.values_mut() {
        chain.sort_by_key(|entry| entry.entry_no);
    }
    let paid: BTreeSet<Uuid> = facts.payments.iter().map(|payment| payment.order_id).collect();
    let refunded: BTreeSet<Uuid> = facts
        .refunds
        .iter()
        .filter(|refund| refund.state == "SUCCEEDED")
        .map(|refund| refund.order_id)
        .collect();

    let mut findings: Vec<Finding> = chains.values().filter_map(|chain| break_of(chain)).collect();
    for order in &facts.orders {
        let chain = chains.get(&order.order_id).map(Vec::as_slice).unwrap_or_default();
        findings.extend(missing_deeds(order, chain, &paid, &refunded));
    }
    findings
}

/// The first gap or wrong hash of a chain.
fn break_of(chain: &[&AuditEntry]) -> Option<Finding> {
    let mut previous: &[u8] = &[];
    for (expected, entry) in (1..).zip(chain) {
        let subject = entry.subject_id;
        if entry.entry_no != expected {
            return Some(format!(
                "the entries of {subject} jump from {} to {}",
                expected - 1,
                entry.entry_no
            ));
        }
        if hash_of(previous, entry) != entry.hash {
            return Some(format!("entry {expected} of {subject} does not fit its hash"));
        }
        previous = &entry.hash;
    }
    None
}

/// SHA-256 over the previous hash and the entry's canonical text: the JSON array of its columns, as `jsonb` prints it.
fn hash_of(previous: &[u8], entry: &AuditEntry) -> Vec<u8> {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let canonical = format!(
        "[{}, {}, {}, {}, {}, {}]",
        quoted(&entry.subject_id.to_string()),
        entry.entry_no,
        quoted(&entry.at_text),
        quoted(&entry.actor),
        quoted(&entry.deed),
        entry.details_text
    );
    let mut digest = Sha256::new();
    digest.update(previous);
    digest.update(canonical.as_bytes());
    digest.finalize().to_vec()
}

/// What happened to an order and is not written down exactly once.
fn missing_deeds(
    order: &Order,
    chain: &[&AuditEntry],
    paid: &BTreeSet<Uuid>,
    refunded: &BTreeSet<Uuid>,
) -> Vec<Finding> {
    let outcome = match order.state.as_str() {
        "COMPLETED" => Some("order.completed"),
        "CANCELLED" => Some("order.cancelled"),
        "EXPIRED" => Some("order.expired"),
        "REFUNDED" => Some("order.refunded"),
        _ => None,
    };
    let started = paid.contains(&order.order_id).then_some("payment.started");
    let sent_back = refunded.contains(&order.order_id).then_some("refund.completed");
    let expected = [Some("order.placed"), started, outcome, sent_back];
    let wrong = expected.into_iter().flatten().filter_map(|deed| {
        let count = chain.iter().filter(|entry| entry.deed == deed).count();
        (count != 1).then(|| format!("order {} has {count} entries `{deed}`", order.order_id))
    });
    wrong.collect()
}

/// Writes hashes that fit.
pub(super) fn seal(entries: &mut [AuditEntry]) {
    let mut previous = Vec::new();
    for entry in entries {
        entry.hash = hash_of(&previous, entry);
        previous.clone_from(&entry.hash);
    }
}

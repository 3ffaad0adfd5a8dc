//! Latencies as fans saw them.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fans::history::{History, What};

/// Latencies are kept up to so long, microseconds: ten minutes.
const LATENCY_MAX_US: u64 = 600_000_000;

/// How long fans waited for a hold, and for tickets after paying.
pub(super) fn latencies(histories: &[History]) -> Vec<(&'static str, Value)> {
    let mut holds = recorder();
    let mut tickets = recorder();
    for history in histories {
        let mut paid_us: BTreeMap<Uuid, u64> = BTreeMap::new();
        for step in &history.steps {
            match &step.what {
                What::Held { .. } => record(&mut holds, step.waited_us()),
                What::CardPaid { order_id } => {
                    paid_us.insert(*order_id, step.answered_us);
                }
                What::TicketsSeen { order_id, .. } => {
                    if let Some(paid) = paid_us.get(order_id) {
                        record(&mut tickets, step.answered_us.saturating_sub(*paid));
                    }
                }
                _ => {}
            }
        }
    }
    vec![
        ("hold_p50_ms", milliseconds(&holds, 0.50)),
        ("hold_p99_ms", milliseconds(&holds, 0.99)),
        ("pay_to_ticket_p99_ms", milliseconds(&tickets, 0.99)),
    ]
}

fn recorder() -> Option<Histogram<u64>> {
    Histogram::new_with_max(LATENCY_MAX_US, 3).ok()
}

fn record(histogram: &mut Option<Histogram<u64>>, value_us: u64) {
    if let Some(histogram) = histogram {
        histogram.saturating_record(value_us);
    }
}

fn milliseconds(histogram: &Option<Histogram<u64>>, quantile: f64) -> Value {
    let us = histogram
        .as_ref()
        .map_or(0, |histogram| histogram.value_at_quantile(quantile));
    json!(us.div_ceil(100) * 100 / 1000)
}

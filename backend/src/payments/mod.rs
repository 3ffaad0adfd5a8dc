//! Money that always lands: every captured cent ends as a fulfilled order or a refund, without a human.
//!
//! Owns: `payments`, `refunds`, `gateway_events`, `ledger_entries`. Publishes: `stripe.<site>`, `order.completed`,
//! `order.refunded`, `mail.order_confirmation`. Invariants: `paid_without_outcome`, `money_mismatch`; one payment per order
//! (`payments_one_per_order`), stored before Stripe hears of it; nothing remote between begin and commit.
//!
//! Every place that talks to Stripe is in [`gateway`]; everything Stripe tells us comes in through [`http`]'s webhook.

pub mod actions;
pub mod gateway;
pub mod http;
mod ledger;
mod messages;
mod news;
mod store;

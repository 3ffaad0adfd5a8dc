//! Outbox, relay and bus.

mod bus;
mod golden;
mod outages;
mod relay;

//! The waiting room: a fair line in front of a sale. Multi-tenant, its own process, database and keyspace; knows nothing
//! of tickets for matches.

mod admission;
mod api;
mod app;
mod faults;
mod ids;
mod line_log;
mod line_store;
mod live;
mod outage;
mod problems;
mod queues;
mod sabotage;
mod sessions;
mod sockets;
mod tenants;
mod tickets;
mod time;

pub mod admin;
pub mod settings;

pub use api::openapi;
pub use app::{Running, start};

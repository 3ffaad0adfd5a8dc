//! The world around Tribina, for development and tests: an identity provider, a Stripe, a mail server, and what
//! integration tests need of Postgres. The `stand-ins` binary runs the three servers; tests start them in-process.
//!
//! Nothing here is ever part of a deployment.

#![recursion_limit = "256"] // `json!` recurses once per member; Stripe's objects have many.

pub mod balancer;
pub mod identity;
pub mod mail_sink;
pub mod oib;
pub mod postgres;
mod server;
pub mod stripe;

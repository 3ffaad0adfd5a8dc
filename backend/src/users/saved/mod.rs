//! The people a fan buys for (E1-F4): at most ten, each once, nobody else's business.

mod actions;
pub mod http;
mod store;

pub use actions::holders;

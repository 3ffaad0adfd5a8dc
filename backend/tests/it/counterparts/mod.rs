//! The backend against programs that others wrote: `cargo xtask counterparts` starts them and says where they are.

mod browser;
mod login;
mod mail;
mod webhooks;

//! `/users/…`.

mod entrance;
mod loyalty;
mod profile;
mod push_tokens;
mod saved_profiles;

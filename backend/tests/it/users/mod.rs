//! `/users/…`.

mod entrance;
mod profile;

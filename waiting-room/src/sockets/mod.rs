//! Fans' sockets: bare tokio and tungstenite on a listener of its own, since an upgraded HTTP connection would keep its
//! buffers.
//!
//! Owns: the socket listener and its connections.
//! Publishes: frames of `contracts::room::RoomEvent`, each with a version; the newest is always enough.
//! Invariants: a closed socket changes nothing; a slow reader gets the newest state, never a backlog, and is dropped when
//! it takes nothing at all; tokens are never logged; a waiting socket costs about 4 KB (`WebSocketConfig`, boxed steps).

mod attend;
mod frames;
mod handshake;
mod listener;
mod refusals;

pub(crate) use listener::listen;

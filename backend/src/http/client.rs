//! From where a request comes, as coarsely as is needed to see that many come from one place (E11-F3).

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};

/// Longest name of an app that is kept, characters.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Where a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The first half of an IPv4 address, the first 48 bits of an IPv6 one.
    pub address_class: Option<String>,
    /// As the app names itself.
    pub user_agent: Option<String>,
}

impl FromRequest for Client {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        ready(Ok(Self {
            address_class: request.connection_info().realip_remote_addr().and_then(class_of),
            user_agent: user_agent.map(|name| name.chars().take(USER_AGENT_CHARS_MAX).collect()),
        }))
    }
}

fn class_of(address: &str) -> Option<String> {
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            Some(format!("{}/16", Ipv4Addr::new(a, b, 0, 0)))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_by_its_first_half_only() {
        assert_eq!(class_of("161.53.72.21").as_deref(), Some("161.53.0.0/16"));
        assert_eq!(class_of("2001:b68:f:1::7").as_deref(), Some("2001:b68:f::/48"));
        assert_eq!(class_of("unix"), None);
    }
}

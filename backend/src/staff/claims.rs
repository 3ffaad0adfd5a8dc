//! What an identity provider says of a member of staff.

use chrono::DateTime;
use domain::Timestamp;
use domain::staff::Role;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::settings::Staff;

/// The claims of a staff token.
#[derive(Debug, Clone, Deserialize)]
pub struct StaffClaims {
    /// The issuer.
    pub iss: String,
    /// The person, as the issuer names them.
    pub sub: String,
    /// When they signed in, seconds since 1970.
    auth_time: Option<i64>,
    /// How they signed in (RFC 8176).
    #[serde(default)]
    amr: Vec<String>,
    /// How far the provider trusts that.
    acr: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl StaffClaims {
    /// When they signed in.
    pub(super) fn signed_in_at(&self) -> Option<Timestamp> {
        DateTime::from_timestamp(self.auth_time?, 0)
    }

    /// Whether they did it with a second factor.
    pub(super) fn has_second_factor(&self, settings: &Staff) -> bool {
        let shows = |amr: &String| settings.second_factor_amr.contains(amr);
        let acr = self.acr.as_ref();
        self.amr.iter().any(shows) || acr.is_some_and(|acr| settings.second_factor_acr.contains(acr))
    }

    /// The roles that the token gives; names that are no roles of ours are those of other systems.
    pub(super) fn roles(&self, settings: &Staff) -> Vec<Role> {
        let mut steps = settings.roles_claim.split('.');
        let first = steps.next().and_then(|name| self.others.get(name));
        let claim = steps.fold(first, |found, name| found.and_then(|object| object.get(name)));
        let names = claim.and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| Role::parse(name.as_str()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(more: Value) -> StaffClaims {
        let mut all = json!({"iss": "https://id.example", "sub": "iva"});
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_second_factor_is_what_the_settings_say() {
        let settings = Staff {
            second_factor_acr: vec!["urn:gold".to_owned()],
            ..Staff::default()
        };
        assert!(!claims(json!({})).has_second_factor(&settings));
        assert!(!claims(json!({"amr": ["pwd"], "acr": "urn:silver"})).has_second_factor(&settings));
        assert!(claims(json!({"amr": ["pwd", "mfa"]})).has_second_factor(&settings));
        assert!(claims(json!({"acr": "urn:gold"})).has_second_factor(&settings));
    }

    #[test]
    fn roles_are_found_within_objects_and_foreign_ones_are_passed_over() {
        let settings = Staff {
            roles_claim: "realm_access.roles".to_owned(),
            ..Staff::default()
        };
        let shown =
            claims(json!({"realm_access": {"roles": ["ROLE_FINANCE", "offline_access", "READ_ONLY", 7]}}));
        assert_eq!(shown.roles(&settings), [Role::Finance, Role::ReadOnly]);
        for nothing in [
            json!({}),
            json!({"realm_access": []}),
            json!({"realm_access": {"roles": "FINANCE"}}),
        ] {
            assert!(claims(nothing).roles(&settings).is_empty());
        }
    }
}

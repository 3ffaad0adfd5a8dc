use std::collections::BTreeSet;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

const STEP_UP: TimeDelta = TimeDelta::minutes(5);

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn decide(permission: Permission, shown: (&[Role], bool, Option<i64>)) -> Result<(), AccessRefused> {
    let (roles, has_second_factor, signed_in_at) = shown;
    let credentials = Credentials {
        roles: roles.to_vec(),
        has_second_factor,
        signed_in_at: signed_in_at.map(at),
    };
    decide_access(permission, &credentials, STEP_UP, at(1_000))
}

#[test]
fn the_first_thing_missing_is_named() {
    let (roles, manage) = ([Role::ReadOnly], Permission::ManageMatches);
    assert_eq!(decide(manage, (&[], true, None)), Err(AccessRefused::NotStaff));
    assert_eq!(
        decide(manage, (&roles, false, None)),
        Err(AccessRefused::NoSecondFactor)
    );
    assert_eq!(
        decide(manage, (&roles, true, None)),
        Err(AccessRefused::NoRole(manage))
    );
    assert_eq!(decide(manage, (&[Role::MatchManager], true, None)), Ok(()));
}

#[test]
fn what_cannot_be_taken_back_needs_a_sign_in_of_the_last_five_minutes() {
    let approve = |signed_in_at| {
        decide(
            Permission::ApproveCancellation,
            (&[Role::SuperAdmin], true, signed_in_at),
        )
    };
    assert_eq!(approve(Some(1_000)), Ok(()));
    assert_eq!(approve(Some(700)), Ok(()));
    assert_eq!(approve(Some(699)), Err(AccessRefused::SignInAgain));
    assert_eq!(approve(None), Err(AccessRefused::SignInAgain));
}

proptest! {
    #[test]
    fn one_more_role_never_takes_a_permission_away(
        roles in proptest::sample::subsequence(Role::ALL.to_vec(), 1..6),
        more in proptest::sample::select(Role::ALL.to_vec()),
        permission in proptest::sample::select(Permission::ALL.to_vec()),
    ) {
        let before = permission.is_held_by(&roles);
        let with_more: Vec<Role> = roles.into_iter().chain([more]).collect();
        prop_assert!(!before || permission.is_held_by(&with_more));
    }
}

#[test]
fn a_role_is_read_back_from_its_name_with_or_without_the_providers_prefix() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.code()), Some(role));
        assert_eq!(Role::parse(&format!("ROLE_{role}")), Some(role));
    }
    assert_eq!(Role::parse("ROLE_FAN"), None);
    assert_eq!(Role::parse("super_admin"), None);
}

#[test]
fn a_super_admin_may_everything_and_nobody_may_anything() {
    for permission in Permission::ALL {
        assert!(
            permission.is_held_by(&[Role::SuperAdmin]),
            "{}",
            permission.code()
        );
        assert!(!permission.is_held_by(&[]), "{}", permission.code());
    }
    let codes: BTreeSet<&str> = Permission::ALL.iter().map(|one| one.code()).collect();
    assert_eq!(codes.len(), Permission::ALL.len());
}

#[test]
fn who_starts_a_cancellation_does_not_approve_it() {
    assert!(Permission::StartCancellation.is_held_by(&[Role::MatchManager]));
    assert!(!Permission::ApproveCancellation.is_held_by(&[Role::MatchManager]));
}

#[test]
fn who_only_looks_changes_nothing() {
    use Permission as P;
    let changing = [
        P::ManageMatches,
        P::ManageSectors,
        P::StartCancellation,
        P::ApproveCancellation,
        P::ManageStadiums,
        P::ManageBlacklist,
        P::ManageLoyalty,
        P::ManageStaff,
    ];
    for permission in changing {
        assert!(
            !permission.is_held_by(&[Role::ReadOnly, Role::Reporting]),
            "{}",
            permission.code()
        );
    }
}

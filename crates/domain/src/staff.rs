//! Staff: who they are, what each of them may do, and what they must show for it (product facts 1.2).

use chrono::TimeDelta;

use crate::Timestamp;

/// A role of a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "staff_role", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Everything; approves cancellations.
    SuperAdmin,
    /// Matches, phases, their configuration; starts cancellations.
    MatchManager,
    /// Stadiums and seats.
    StadiumOperator,
    /// Quotas.
    QuotaManager,
    /// The blacklist.
    Blackadmin,
    /// Looks up, transfers, refunds for fans.
    SupportAgent,
    /// Approves what support may not decide alone.
    Supervisor,
    /// Prints on match day.
    BoxOffice,
    /// Money.
    Finance,
    /// Reports.
    Reporting,
    /// Looks, changes nothing.
    ReadOnly,
    /// Sells at Petrol's counters, in its own portal only.
    PetrolStaff,
}

impl Role {
    /// All of them, in the order of the table of roles.
    pub const ALL: [Self; 12] = [
        Self::SuperAdmin,
        Self::MatchManager,
        Self::StadiumOperator,
        Self::QuotaManager,
        Self::Blackadmin,
        Self::SupportAgent,
        Self::Supervisor,
        Self::BoxOffice,
        Self::Finance,
        Self::Reporting,
        Self::ReadOnly,
        Self::PetrolStaff,
    ];

    /// As tokens, tables and the command line name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::MatchManager => "MATCH_MANAGER",
            Self::StadiumOperator => "STADIUM_OPERATOR",
            Self::QuotaManager => "QUOTA_MANAGER",
            Self::Blackadmin => "BLACKADMIN",
            Self::SupportAgent => "SUPPORT_AGENT",
            Self::Supervisor => "SUPERVISOR",
            Self::BoxOffice => "BOX_OFFICE",
            Self::Finance => "FINANCE",
            Self::Reporting => "REPORTING",
            Self::ReadOnly => "READ_ONLY",
            Self::PetrolStaff => "PETROL_STAFF",
        }
    }

    /// The role of this name, with or without the `ROLE_` that identity providers put before it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let code = name.strip_prefix("ROLE_").unwrap_or(name);
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// What an operation of staff needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Be one of them: see one's own roles.
    BeStaff,
    /// See matches, their configuration and phases.
    ReadMatches,
    /// Create, change, publish, close and delete matches and phases.
    ManageMatches,
    /// Take sectors of a match from the sale, and give them back.
    ManageSectors,
    /// Start the cancellation of a match.
    StartCancellation,
    /// Approve it.
    ApproveCancellation,
    /// See stadiums.
    ReadStadiums,
    /// Create, import and change stadiums.
    ManageStadiums,
    /// See who is blacklisted, and who tried to buy.
    ReadBlacklist,
    /// Ask whether one person is blacklisted.
    CheckBlacklist,
    /// Change the blacklist.
    ManageBlacklist,
    /// See a fan's loyalty points.
    ReadLoyalty,
    /// Import loyalty points.
    ManageLoyalty,
    /// See who has which role.
    ReadStaff,
    /// Give and take roles.
    ManageStaff,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::BeStaff,
        Self::ReadMatches,
        Self::ManageMatches,
        Self::ManageSectors,
        Self::StartCancellation,
        Self::ApproveCancellation,
        Self::ReadStadiums,
        Self::ManageStadiums,
        Self::ReadBlacklist,
        Self::CheckBlacklist,
        Self::ManageBlacklist,
        Self::ReadLoyalty,
        Self::ManageLoyalty,
        Self::ReadStaff,
        Self::ManageStaff,
    ];

    /// As documents name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BeStaff => "staff.self",
            Self::ReadMatches => "matches.read",
            Self::ManageMatches => "matches.manage",
            Self::ManageSectors => "matches.sectors",
            Self::StartCancellation => "matches.cancellation.start",
            Self::ApproveCancellation => "matches.cancellation.approve",
            Self::ReadStadiums => "stadiums.read",
            Self::ManageStadiums => "stadiums.manage",
            Self::ReadBlacklist => "blacklist.read",
            Self::CheckBlacklist => "blacklist.check",
            Self::ManageBlacklist => "blacklist.manage",
            Self::ReadLoyalty => "loyalty.read",
            Self::ManageLoyalty => "loyalty.manage",
            Self::ReadStaff => "staff.read",
            Self::ManageStaff => "staff.manage",
        }
    }

    /// The permission that documents name so.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.code() == code)
    }

    /// Who has it beside the Super Admin, who has all.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        use Role::{
            Blackadmin, BoxOffice, Finance, MatchManager, QuotaManager, ReadOnly, Reporting, StadiumOperator,
            Supervisor, SupportAgent,
        };
        match self {
            Self::BeStaff => &Role::ALL,
            Self::ReadMatches => &[
                MatchManager,
                StadiumOperator,
                QuotaManager,
                SupportAgent,
                Supervisor,
                BoxOffice,
                Finance,
                Reporting,
                ReadOnly,
            ],
            Self::ManageMatches | Self::StartCancellation => &[MatchManager],
            Self::ManageSectors => &[MatchManager, StadiumOperator],
            Self::ApproveCancellation | Self::ReadStaff | Self::ManageStaff => &[],
            Self::ReadStadiums => &[MatchManager, StadiumOperator, QuotaManager, Reporting, ReadOnly],
            Self::ManageStadiums => &[StadiumOperator],
            Self::ReadBlacklist | Self::ManageBlacklist => &[Blackadmin],
            Self::CheckBlacklist => &[Blackadmin, SupportAgent, Supervisor, BoxOffice],
            Self::ReadLoyalty => &[MatchManager, SupportAgent, Supervisor, Reporting],
            Self::ManageLoyalty => &[MatchManager],
        }
    }

    /// Whether a member of staff with these roles has it.
    #[must_use]
    pub fn is_held_by(self, roles: &[Role]) -> bool {
        let holders = self.roles();
        roles
            .iter()
            .any(|role| *role == Role::SuperAdmin || holders.contains(role))
    }

    /// Whether they must have signed in just now: what moves money or cannot be taken back.
    #[must_use]
    pub const fn needs_step_up(self) -> bool {
        match self {
            Self::StartCancellation | Self::ApproveCancellation | Self::ManageStaff => true,
            Self::BeStaff
            | Self::ReadMatches
            | Self::ManageMatches
            | Self::ManageSectors
            | Self::ReadStadiums
            | Self::ManageStadiums
            | Self::ReadBlacklist
            | Self::CheckBlacklist
            | Self::ManageBlacklist
            | Self::ReadLoyalty
            | Self::ManageLoyalty
            | Self::ReadStaff => false,
        }
    }
}

/// What a member of staff shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Their roles; none for whoever is no member of staff.
    pub roles: Vec<Role>,
    /// Whether they signed in with a second factor.
    pub has_second_factor: bool,
    /// When they signed in, if their token says so.
    pub signed_in_at: Option<Timestamp>,
}

impl Credentials {
    /// Whether they signed in just now: a sign-in is recent for so long as `step_up` says.
    #[must_use]
    pub fn are_recent(&self, step_up: TimeDelta, now: Timestamp) -> bool {
        self.signed_in_at
            .is_some_and(|at| (-CLOCKS_DIFFER..=step_up).contains(&(now - at)))
    }
}

/// Why an operation of staff is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessRefused {
    /// They have no role at all.
    NotStaff,
    /// They signed in without a second factor.
    NoSecondFactor,
    /// None of their roles has the permission.
    NoRole(Permission),
    /// They did not sign in just now.
    SignInAgain,
}

/// Whether `permission` is given to whoever shows `credentials`; a sign-in is recent for so long as `step_up` says.
///
/// # Errors
/// [`AccessRefused`], by the first thing that is missing: an outsider learns nothing of who may what.
pub fn decide_access(
    permission: Permission,
    credentials: &Credentials,
    step_up: TimeDelta,
    now: Timestamp,
) -> Result<(), AccessRefused> {
    if credentials.roles.is_empty() {
        return Err(AccessRefused::NotStaff);
    }
    if !credentials.has_second_factor {
        return Err(AccessRefused::NoSecondFactor);
    }
    if !permission.is_held_by(&credentials.roles) {
        return Err(AccessRefused::NoRole(permission));
    }
    if permission.needs_step_up() && !credentials.are_recent(step_up, now) {
        return Err(AccessRefused::SignInAgain);
    }
    Ok(())
}

/// An instant that lies further ahead was made up.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(60);

#[cfg(test)]
mod tests;

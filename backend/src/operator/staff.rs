//! `backend admin staff …`: the first Super Admin is made here.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::staff::Role;
use platform::ids::Ids;
use serde_json::json;

use super::{finish, in_words, operator_pool, reason};
use crate::audit::Actor;
use crate::roles::print;
use crate::settings::{RolesFrom, Settings};
use crate::staff::MemberFilter;
use crate::staff::actions::{self, RoleChange};
use crate::users;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Staff {
    /// Give somebody a role. They need not have signed in before. Prints {"user_id": …, "roles": […], "is_new": …}.
    ///
    /// Whether that subject is somebody at the identity provider is not asked: `is_new` says that nobody of that name has ever signed
    /// in here, nor was given a role. So look twice at the subject if it is true and should not be.
    #[command(
        after_help = "Example: backend admin staff grant --subject 248289761001 --role SUPER_ADMIN --reason 'first one'"
    )]
    Grant(Change),
    /// Take a role from somebody. Prints what is left.
    #[command(
        after_help = "Example: backend admin staff revoke --subject 248289761001 --role FINANCE --reason 'left us'"
    )]
    Revoke(Change),
    /// Print everybody with a role, one JSON object a line.
    List {
        /// Only those with this role.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
    },
}

/// Whose role, which, why.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// Who, as the identity provider names them: `sub` of their tokens.
    #[arg(long)]
    subject: String,
    /// Who signs them in, if it is not the issuer of the settings.
    #[arg(long)]
    issuer: Option<String>,
    /// SUPER_ADMIN, MATCH_MANAGER, STADIUM_OPERATOR, QUOTA_MANAGER, BLACKADMIN, SUPPORT_AGENT, SUPERVISOR, BOX_OFFICE, FINANCE,
    /// REPORTING, READ_ONLY or PETROL_STAFF.
    #[arg(long, value_parser = role)]
    role: Role,
    /// Why: it is kept in the audit entry.
    #[arg(long)]
    reason: String,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

fn role(name: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::code).join(", ");
    Role::parse(name).ok_or_else(|| format!("there is no such role; there are {names}"))
}

pub(super) async fn run(settings: &Settings, deed: Staff) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        settings.staff.roles == RolesFrom::Table,
        "roles come with the tokens here (staff.roles = \"claim\"): give and take them at the identity provider"
    );
    match deed {
        Staff::Grant(change) => apply(settings, change, Deed::Grant).await,
        Staff::Revoke(change) => apply(settings, change, Deed::Revoke).await,
        Staff::List { role } => list(settings, role).await,
    }
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Grant,
    Revoke,
}

async fn apply(settings: &Settings, change: Change, deed: Deed) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let issuer = change.issuer.as_ref().unwrap_or(&settings.identity.issuer);
    let reason = reason(&change.reason)?;

    let mut tx = db.begin().await?;
    let known = users::find(&mut tx, (issuer, &change.subject)).await?;
    let user = match (known, deed) {
        (Some(user), _) => user,
        (None, Deed::Grant) => users::recognise_staff(&mut tx, Ids, (issuer, &change.subject)).await?,
        (None, Deed::Revoke) => anyhow::bail!(
            "nobody here is {} at {issuer}: `backend admin staff list` names everybody with a role",
            change.subject
        ),
    };
    let asked = RoleChange {
        user,
        role: change.role,
        reason,
    };
    let roles = match deed {
        Deed::Grant => actions::grant_in(&mut tx, Actor::Operator, &asked).await,
        Deed::Revoke => actions::revoke_in(&mut tx, Actor::Operator, &asked).await,
    };
    let roles = roles.map_err(in_words)?;
    finish(tx, change.dry_run).await?;
    let codes: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    print(&format!(
        "{}\n",
        json!({"user_id": user, "subject": change.subject, "roles": codes, "is_new": known.is_none(), "dry_run": change.dry_run})
    ))
}

async fn list(settings: &Settings, role: Option<Role>) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let filter = MemberFilter {
        role,
        ..MemberFilter::default()
    };
    let mut cursor = None;
    loop {
        let (members, _) = actions::list(&db, filter, cursor).await?;
        for member in &members {
            let codes: Vec<&str> = member.roles.iter().map(|role| role.code()).collect();
            let line = json!({"user_id": member.user_id, "issuer": member.issuer, "subject": member.subject, "roles": codes});
            print(&format!("{line}\n"))?;
        }
        match members.last() {
            Some(last) => cursor = Some(last.user_id.0),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

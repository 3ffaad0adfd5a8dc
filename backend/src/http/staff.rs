//! Who of staff asks. What an operation needs is in its handler's type: one that takes a `Staff<ManageMatches>` is reached by
//! nobody without that permission.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::TimeDelta;
use domain::Timestamp;
use domain::ids::UserId;
use domain::staff::{AccessRefused, Credentials, Permission, Role, decide_access};
use platform::problems::Problem;

use super::actor::bearer;
use super::fault::{Fault, Refusal};
use super::problems::{NOT_STAFF, ROLE_REQUIRED, SECOND_FACTOR_REQUIRED, SIGN_IN_AGAIN};
use crate::app::App;
use crate::staff;
use crate::users::tokens::BadBearer;

/// What an operation needs, as a type.
pub trait Need: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($name:ident)*) => {$(
        #[doc = concat!("Needs [`Permission::", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Need for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

needs! {
    BeStaff ReadMatches ManageMatches ManageSectors StartCancellation ApproveCancellation ReadStadiums ManageStadiums ReadBlacklist CheckBlacklist
    ManageBlacklist ReadLoyalty ManageLoyalty ReadStaff ManageStaff
}

/// A member of staff who may do what `N` needs.
#[derive(Debug, Clone)]
pub struct Staff<N> {
    /// Our id for them.
    pub id: UserId,
    /// All their roles.
    pub roles: Vec<Role>,
    /// What an operation that turns out to move money still needs of them; `None` when they signed in just now.
    pub step_up: Option<StepUp>,
    needs: PhantomData<N>,
}

/// A sign-in that is owed: within so many seconds before the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUp {
    seconds: u32,
}

impl Refusal for StepUp {
    fn problem(&self) -> Problem {
        let seconds = self.seconds;
        Problem::new(SIGN_IN_AGAIN)
            .detail(format!("sign in within the last {seconds} s"))
            .challenge(format!(
                "Bearer error=\"insufficient_user_authentication\", max_age=\"{seconds}\""
            ))
    }
}

impl Refusal for (AccessRefused, &Identified) {
    fn problem(&self) -> Problem {
        let (refused, identified) = self;
        match refused {
            AccessRefused::NotStaff => Problem::new(NOT_STAFF)
                .detail("where roles are kept here, a Super Admin gives them to your user_id")
                .member("user_id", identified.id.to_string()),
            AccessRefused::NoSecondFactor => Problem::new(SECOND_FACTOR_REQUIRED),
            AccessRefused::NoRole(permission) => {
                let roles = [Role::SuperAdmin]
                    .iter()
                    .chain(permission.roles())
                    .map(|role| role.code());
                Problem::new(ROLE_REQUIRED)
                    .detail(format!("{} is needed", permission.code()))
                    .member("roles", roles.collect::<Vec<_>>())
            }
            AccessRefused::SignInAgain => identified.step_up.problem(),
        }
    }
}

/// Who asks and what they show: put into the request by [`authenticate`], before any handler.
#[derive(Debug, Clone)]
struct Identified {
    id: UserId,
    credentials: Credentials,
    step_up: StepUp,
    at: Timestamp,
}

/// Middleware of the staff routes (`actix_web::middleware::from_fn`): nobody gets further without a staff token. It comes before
/// the bodies are read, so that whoever may not do something is not told what it takes.
///
/// # Errors
/// Only what the inner service answers.
pub async fn authenticate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match identify(&request).await {
        Ok(identified) => {
            request.extensions_mut().insert(identified);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(fault) => Ok(request.error_response(fault).map_into_right_body()),
    }
}

async fn identify(request: &ServiceRequest) -> Result<Identified, Fault<Problem>> {
    let app: &Data<App> = request
        .app_data()
        .ok_or_else(|| Fault::Broken(anyhow::anyhow!("no App in this server")))?;
    let token = bearer(request.headers())?;
    let settings = &app.settings.staff;
    let claims = app.tokens.verify_for(&settings.audience, token).await;
    let (id, credentials) = staff::recognise(app, &claims.map_err(BadBearer::problem)?).await?;
    Ok(Identified {
        id,
        credentials,
        step_up: StepUp {
            seconds: settings.step_up_seconds,
        },
        at: app.clock.now(),
    })
}

impl<N: Need> FromRequest for Staff<N> {
    type Error = Fault<Problem>;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.extensions().get()))
    }
}

impl<N: Need> Staff<N> {
    fn of(identified: Option<&Identified>) -> Result<Self, Fault<Problem>> {
        let unguarded = || Fault::Broken(anyhow::anyhow!("a route of staff outside of their scope"));
        let identified = identified.ok_or_else(unguarded)?;
        let Identified { credentials, at, .. } = identified;
        let step_up = TimeDelta::seconds(identified.step_up.seconds.into());
        decide_access(N::PERMISSION, credentials, step_up, *at)
            .map_err(|refused| (refused, identified).problem())?;
        Ok(Self {
            id: identified.id,
            roles: credentials.roles.clone(),
            step_up: (!credentials.are_recent(step_up, *at)).then_some(identified.step_up),
            needs: PhantomData,
        })
    }
}

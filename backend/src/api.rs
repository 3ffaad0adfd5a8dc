//! Mounts the routes and makes their OpenAPI documents: one per audience. Nothing else.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, PayloadConfig};
use actix_web::{App as Server, HttpResponse};
use domain::staff::{Permission, Role};
use platform::documents;
use platform::problems::{configure_extractors, no_such_route};
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{SwaggerUi, Url};

use crate::app::App;
use crate::http::ids::no_such_id;
use crate::http::staff::authenticate;
use crate::{blacklist, inventory, loyalty, matches, orders, payments, stadiums, staff, tickets, users};

/// The largest JSON body: a checkout of four holders is under 2 KiB, Stripe's events under 64 KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The largest stadium file: a line of the list of seats of the largest stadium has under 30 bytes.
const STADIUM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where everything lives.
const BASE: &str = "/api/v1";

/// Who an OpenAPI document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Audience {
    /// The app.
    Fans,
    /// The portal, and scripts of a federation.
    Staff,
    /// Stripe.
    Webhooks,
}

/// The crowd's routes come first: they are tried one after the other.
fn fan_routes(config: &mut ServiceConfig) {
    inventory::http::routes(config);
    matches::http::routes(config);
    users::http::routes(config);
    users::saved::http::routes(config);
    users::push::routes(config);
    loyalty::http::routes(config);
    orders::http::routes(config);
    payments::http::routes(config);
    tickets::http::routes(config);
}

fn staff_routes(config: &mut ServiceConfig) {
    let admin = scope("/admin")
        .app_data(PayloadConfig::new(STADIUM_BYTES_MAX))
        .app_data(PathConfig::default().error_handler(|error, request| no_such_id(&error, request).into()))
        .configure(staff::http::routes)
        .configure(stadiums::http::routes)
        .configure(matches::plans::http::routes)
        .configure(matches::plans::phases::http::routes)
        .configure(matches::plans::sectors::http::routes)
        .configure(blacklist::http::routes)
        .configure(loyalty::http::staff_routes);
    config.service(admin.wrap(from_fn(authenticate)));
}

fn webhook_routes(config: &mut ServiceConfig) {
    payments::http::webhook_routes(config);
}

/// The OpenAPI document of an audience, as its routes generate it.
#[must_use]
pub fn openapi(audience: Audience) -> OpenApi {
    let (title, routes): (&str, fn(&mut ServiceConfig)) = match audience {
        Audience::Fans => ("Tribina for fans", fan_routes),
        Audience::Staff => ("Tribina for staff", staff_routes),
        Audience::Webhooks => ("Tribina for webhooks", webhook_routes),
    };
    let info = InfoBuilder::new()
        .title(title)
        .version("1")
        .description(Some(
            "Times are RFC 3339 in UTC, money is decimal strings, errors are problem+json (RFC 9457).",
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .contact(Some(ContactBuilder::new().name(Some("Tribina")).build()))
        .build();
    let document = OpenApiBuilder::new().info(info).build();
    let (_, mut document) = Server::new()
        .into_utoipa_app()
        .openapi(document)
        .service(scope(BASE).configure(routes))
        .split_for_parts();
    if audience != Audience::Webhooks {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
        // Every route, but for those that say otherwise.
        document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
    documents::complete(&mut document);
    name_roles(&mut document);
    document
}

/// Adds to every operation that says what permission it needs (`x-permission`) who has it (`x-roles`, of `x-all-roles`) and
/// whether they must have signed in just now (`x-step-up`).
fn name_roles(document: &mut OpenApi) {
    let codes = |roles: &mut dyn Iterator<Item = Role>| -> Value { roles.map(Role::code).collect() };
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let extensions = operation.extensions.get_or_insert_default();
            let named = extensions.get("x-permission").and_then(Value::as_str);
            let Some(permission) = named.and_then(Permission::parse) else {
                continue;
            };
            let mut holders = Role::ALL
                .into_iter()
                .filter(|role| permission.is_held_by(&[*role]));
            extensions.insert("x-roles".to_owned(), codes(&mut holders));
            extensions.insert("x-all-roles".to_owned(), codes(&mut Role::ALL.into_iter()));
            extensions.insert("x-step-up".to_owned(), permission.needs_step_up().into());
        }
    }
}

/// The HTTP server's routes over `app`.
pub fn server(
    app: Data<App>,
) -> Server<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    Server::new()
        .app_data(app)
        .configure(|config| configure_extractors(config, BODY_BYTES_MAX))
        .route("/healthz", web::get().to(health))
        .service(documents_to_browse())
        .into_utoipa_app()
        .service(
            scope(BASE)
                .configure(fan_routes)
                .configure(staff_routes)
                .configure(webhook_routes),
        )
        .into_app()
        .default_service(web::to(no_such_route))
        .wrap(from_fn(platform::requests::refuse_nul))
        .wrap(from_fn(platform::requests::name_request))
}

fn documents_to_browse() -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").urls(vec![
        (
            Url::with_primary("Fans", "/openapi/fans.json", true),
            openapi(Audience::Fans),
        ),
        (Url::new("Staff", "/openapi/staff.json"), openapi(Audience::Staff)),
        (
            Url::new("Webhooks", "/openapi/webhooks.json"),
            openapi(Audience::Webhooks),
        ),
    ])
}

/// Ready when the database answers.
async fn health(app: Data<App>) -> HttpResponse {
    match app.db.acquire().await {
        Ok(_) => HttpResponse::Ok().body("ok\n"),
        Err(_) => HttpResponse::ServiceUnavailable().body("the database does not answer\n"),
    }
}

//! Mounts the routes and makes their OpenAPI documents: one per audience. Nothing else.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App as Server, HttpResponse};
use platform::documents;
use platform::problems::{configure_extractors, no_such_route};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{SwaggerUi, Url};

use crate::app::App;
use crate::{inventory, matches, orders, payments, tickets, users};

/// The largest JSON body: a checkout of four holders is under 2 KiB, Stripe's events under 64 KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Where everything lives.
const BASE: &str = "/api/v1";

/// Who an OpenAPI document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Audience {
    /// The app.
    Fans,
    /// Stripe.
    Webhooks,
}

fn fan_routes(config: &mut ServiceConfig) {
    matches::http::routes(config);
    users::http::routes(config);
    inventory::http::routes(config);
    orders::http::routes(config);
    payments::http::routes(config);
    tickets::http::routes(config);
}

fn webhook_routes(config: &mut ServiceConfig) {
    payments::http::webhook_routes(config);
}

/// The OpenAPI document of an audience, as its routes generate it.
#[must_use]
pub fn openapi(audience: Audience) -> OpenApi {
    let (title, routes): (&str, fn(&mut ServiceConfig)) = match audience {
        Audience::Fans => ("Tribina for fans", fan_routes),
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
    if audience == Audience::Fans {
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
    document
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
        .service(scope(BASE).configure(fan_routes).configure(webhook_routes))
        .into_app()
        .default_service(web::to(no_such_route))
        .wrap(from_fn(platform::requests::name_request))
}

fn documents_to_browse() -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").urls(vec![
        (
            Url::with_primary("Fans", "/openapi/fans.json", true),
            openapi(Audience::Fans),
        ),
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

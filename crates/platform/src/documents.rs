//! What holds for every operation of an OpenAPI document, so that no handler has to say it.

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response};

use crate::problems::PROBLEM_JSON;

const JSON: &str = "application/json";

/// Adds the refusals that stand before a handler, to the operations that can meet them, and says of which media type
/// problems are. Does not replace what a handler says of the same status.
pub fn complete(document: &mut OpenApi) {
    let needs_token = document.security.is_some();
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            if is_protected(operation, needs_token) {
                add(operation, "401", "No token, or none that is good now");
            }
            if can_be_misread(operation) {
                add(
                    operation,
                    "400",
                    "`invalid-request`, or a key that is missing: not understood, so nothing was done",
                );
            }
            add(
                operation,
                "503",
                "Not now: the same request again after `Retry-After`",
            );
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    name_media_type(response);
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Whether nobody gets in without a token: what an operation says itself goes before what the document says of all.
fn is_protected(operation: &Operation, document_says: bool) -> bool {
    match &operation.security {
        Some(own) => own.iter().all(|one| *one != SecurityRequirement::default()),
        None => document_says,
    }
}

fn can_be_misread(operation: &Operation) -> bool {
    let in_query_or_header = |parameter: &RefOr<_>| match parameter {
        RefOr::T(parameter) => is_read(parameter),
        RefOr::Ref(_) => true,
    };
    operation.request_body.is_some() || operation.parameters.iter().flatten().any(in_query_or_header)
}

/// An id in the path that cannot be read names nothing: 404.
fn is_read(parameter: &utoipa::openapi::path::Parameter) -> bool {
    parameter.parameter_in == ParameterIn::Query || parameter.parameter_in == ParameterIn::Header
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let said = &mut operation.responses.responses;
    said.entry(status.to_owned()).or_insert_with(|| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let mut response = Response::new(description);
        response
            .content
            .insert(JSON.to_owned(), RefOr::T(problem.build()));
        RefOr::T(response)
    });
}

/// The annotation `body = Problem` makes it `application/json`.
fn name_media_type(response: &mut Response) {
    let is_problem = response.content.get(JSON).is_some_and(|content| match content {
        RefOr::T(content) => content.schema == Some(RefOr::Ref(Ref::from_schema_name("Problem"))),
        RefOr::Ref(_) => false,
    });
    if is_problem && let Some(content) = response.content.swap_remove(JSON) {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{OperationBuilder, ParameterBuilder};
    use utoipa::openapi::request_body::RequestBody;
    use utoipa::openapi::{OpenApiBuilder, PathsBuilder};

    use super::*;

    fn completed(operation: OperationBuilder, needs_token: bool) -> Vec<String> {
        let item = PathItem::new(utoipa::openapi::HttpMethod::Post, operation);
        let mut document = OpenApiBuilder::new()
            .paths(PathsBuilder::new().path("/here", item))
            .build();
        document.security =
            needs_token.then(|| vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
        complete(&mut document);
        let item = document.paths.paths.values_mut().next().unwrap();
        let operation = operations(item).next().unwrap();
        operation.responses.responses.keys().cloned().collect()
    }

    fn parameter(parameter_in: ParameterIn) -> ParameterBuilder {
        ParameterBuilder::new().name("x").parameter_in(parameter_in)
    }

    #[test]
    fn an_operation_gets_what_stands_before_it() {
        let plain = OperationBuilder::new;
        assert_eq!(completed(plain(), false), ["503"]);
        assert_eq!(completed(plain(), true), ["401", "503"]);
        assert_eq!(
            completed(plain().security(SecurityRequirement::default()), true),
            ["503"]
        );
        let own = SecurityRequirement::new("service_token", Vec::<String>::new());
        assert_eq!(completed(plain().security(own), false), ["401", "503"]);
        assert_eq!(
            completed(plain().parameter(parameter(ParameterIn::Path)), false),
            ["503"]
        );
        for read in [ParameterIn::Query, ParameterIn::Header] {
            assert_eq!(
                completed(plain().parameter(parameter(read)), false),
                ["400", "503"]
            );
        }
        assert_eq!(
            completed(plain().request_body(Some(RequestBody::new())), false),
            ["400", "503"]
        );
    }

    #[test]
    fn what_a_handler_says_itself_stays_and_problems_have_their_media_type() {
        let mut operation = Operation::new();
        add(&mut operation, "401", "`queue-session-expired`");
        add(&mut operation, "401", "another");
        let RefOr::T(response) = operation.responses.responses.get_mut("401").unwrap() else {
            panic!("a reference");
        };
        name_media_type(response);
        assert_eq!(response.description, "`queue-session-expired`");
        assert_eq!(response.content.keys().collect::<Vec<_>>(), [PROBLEM_JSON]);
    }
}

//! The description of the API, made from the handlers themselves.

use axum::Router;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Info, OpenApi, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use crate::problem::{self, Document, FieldError};
use crate::{Gateway, routes};

const BEARER: &str = "bearer";

/// The `OpenAPI` document that `/openapi.json` serves.
#[must_use]
pub fn document() -> OpenApi {
    let open = routes::open_api().into_openapi();
    let mut whole = routes::api().into_openapi();
    each_operation(&mut whole, |operation| {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], _>(BEARER, [])]);
    });
    whole.merge(open);
    each_operation(&mut whole, |operation| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Document::name()))).build();
        let response =
            ResponseBuilder::new().description("What went wrong.").content(problem::MEDIA_TYPE, content).build();
        operation.responses.responses.insert("default".to_owned(), response.into());
    });
    describe(&mut whole);
    whole
}

/// Method and path of every operation.
pub(crate) fn operations() -> Vec<(String, String)> {
    let mut all = routes::api().into_openapi();
    all.merge(routes::open_api().into_openapi());
    let of_path = |(path, item): (&String, &PathItem)| {
        let methods = [
            ("GET", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PUT", item.put.is_some()),
            ("PATCH", item.patch.is_some()),
            ("DELETE", item.delete.is_some()),
        ];
        methods
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(method, _)| (method.to_owned(), path.clone()))
            .collect()
    };
    all.paths.paths.iter().flat_map::<Vec<_>, _>(of_path).collect()
}

/// `/openapi.json`, and `/docs` to browse it.
pub(crate) fn browser() -> Router<Gateway> {
    Router::from(SwaggerUi::new("/docs").url("/openapi.json", document()))
}

fn describe(whole: &mut OpenApi) {
    whole.info = Info::new("VoiceAssist", env!("CARGO_PKG_VERSION"));
    whole.info.description = Some(
        "Answers questions from an organisation's own documents, each sentence with its source. Sign in at \
         `/api/auth/login` and send the access token as `Authorization: Bearer …`. Failures are problem documents \
         (RFC 9457), times are RFC 3339 in UTC, lists continue with `cursor`."
            .to_owned(),
    );
    let components = whole.components.get_or_insert_with(Components::new);
    components.schemas.insert(Document::name().into_owned(), Document::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some("JWT".to_owned());
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
}

fn each_operation(document: &mut OpenApi, mut act: impl FnMut(&mut Operation)) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(&mut act);
    }
}

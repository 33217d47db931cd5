//! What requests bring: path, query, headers and bodies, refused in our own words.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, Uri, header, request::Parts, uri::PathAndQuery},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use utoipa::{IntoParams, openapi::path::ParameterIn};

use super::{caller::Caller, problem::Problem};
use crate::model::{Name, ObjectRef};

/// Bytes of a body; documents are small.
pub(super) const BODY: usize = 1 << 20;

/// Bytes of an apply's body: 10,000 peerings are some 6 MiB.
const APPLY_BODY: usize = 16 << 20;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Let a path begin with one slash: osc-cli asks for `//api/latest/ReadNets`, and signs
/// what it would be with one.
pub(super) fn with_one_slash(uri: &mut Uri) {
    let Some(asked) = uri.path_and_query().map(PathAndQuery::as_str) else {
        return;
    };
    if asked.starts_with("//")
        && let Ok(path) = format!("/{}", asked.trim_start_matches('/')).parse()
    {
        *uri = path;
    }
}

/// The query's parameters, and no others: a misspelt `dryRun` must not do it.
pub(super) struct Params<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned + IntoParams> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        refuse_others(&parts.uri, &names::<T>())?;
        parse(&parts.uri).map(Self)
    }
}

/// The parameters of two kinds in one query.
pub(super) struct Both<A, B>(pub(super) A, pub(super) B);

impl<S, A, B> FromRequestParts<S> for Both<A, B>
where
    S: Sync,
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = [names::<A>(), names::<B>()].concat();
        refuse_others(&parts.uri, &known)?;
        Ok(Self(parse(&parts.uri)?, parse(&parts.uri)?))
    }
}

fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query = Query::try_from_uri(uri);
    let Query(params) = query.map_err(|error| Problem::invalid_parameter(error.body_text()))?;
    Ok(params)
}

/// The parameters that `T` is described with.
fn names<T: IntoParams>() -> Vec<String> {
    let described = T::into_params(|| Some(ParameterIn::Query));
    described.into_iter().map(|param| param.name).collect()
}

fn refuse_others(uri: &Uri, known: &[String]) -> Result<(), Problem> {
    let all: Vec<(String, String)> = parse(uri)?;
    match all.iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Problem::invalid_parameter(format!(
            "there is no parameter `{name}` here; the known ones are {}",
            known.join(", ")
        ))),
    }
}

/// The object that the path names.
pub(super) struct Named(pub(super) ObjectRef);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((namespace, name)) =
            path.map_err(|error| Problem::invalid_parameter(error.body_text()))?;
        let parse = |text: &str| {
            let name: Result<Name, _> = text.parse();
            name.map_err(|error| Problem::invalid_parameter(error.to_string()))
        };
        Ok(Self(ObjectRef {
            namespace: parse(&namespace)?,
            name: parse(&name)?,
        }))
    }
}

/// A document, JSON or YAML.
pub(super) struct Text(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_media_type(request.headers(), &DOCUMENT)?;
        read(request, BODY).await.map(Self)
    }
}

/// A merge patch.
pub(super) struct Patch(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Patch {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let known = [
            JSON,
            "application/merge-patch+json",
            YAML[0],
            YAML[1],
            YAML[2],
        ];
        let media_type = require_media_type(request.headers(), &known)?;
        let text = read(request, BODY).await?;
        value(&text, media_type).map(Self)
    }
}

/// A stream of documents.
pub(super) struct Documents(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for Documents {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let caller = request.extensions().get::<Caller>();
        // Much is read and parsed only for those who could apply any of it.
        if !caller.is_some_and(Caller::may_write) {
            return Err(Problem::forbidden("you may change nothing anywhere"));
        }
        require_media_type(request.headers(), &DOCUMENT)?;
        read(request, APPLY_BODY).await.map(Self)
    }
}

/// Options, which may be left out.
pub(super) struct Options<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Options<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let media_type = require_media_type(request.headers(), &DOCUMENT)?;
        let text = read(request, BODY).await?;
        if text.trim().is_empty() {
            return Ok(Self(T::default()));
        }
        let options = value(&text, media_type)?;
        // Serde would take a list for the fields in their order.
        if !options.is_object() {
            return Err(Problem::invalid_document("the body must be a mapping"));
        }
        let options = serde_json::from_value(options);
        options
            .map(Self)
            .map_err(|error| Problem::invalid_document(error.to_string()))
    }
}

/// A body as a value, if it is of that media type.
fn value(text: &str, media_type: &str) -> Result<Value, Problem> {
    if YAML.contains(&media_type) {
        let value = serde_saphyr::from_str(text);
        return value.map_err(|error| Problem::invalid_document(error.to_string()));
    }
    let value = serde_json::from_str(text);
    value.map_err(|error| Problem::invalid_document(error.to_string()))
}

const JSON: &str = "application/json";

/// RFC 9512, and what YAML was called before it.
const YAML: [&str; 3] = ["application/yaml", "application/x-yaml", "text/yaml"];
const DOCUMENT: [&str; 4] = [JSON, YAML[0], YAML[1], YAML[2]];

/// What the body says it is; JSON where it does not.
fn require_media_type<'a>(headers: &HeaderMap, known: &[&'a str]) -> Result<&'a str, Problem> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        return Ok(known.first().copied().unwrap_or_default());
    };
    let found = found.to_str().unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    let mut known_types = known.iter();
    let meant = known_types.find(|known| essence.eq_ignore_ascii_case(known));
    meant.copied().ok_or_else(|| {
        Problem::unsupported_media_type(format!(
            "a body here is {}, not `{found}`",
            known.join(" or ")
        ))
    })
}

async fn read(request: Request, limit: usize) -> Result<String, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read_bytes(&parts.headers, body, limit).await?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::invalid_document("the body is no UTF-8"))
}

/// A body of at most `limit` bytes, if it is there in time.
pub(super) async fn read_bytes(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Bytes, Problem> {
    let too_large = || Problem::too_large(format!("a body here has at most {limit} bytes"));
    let claimed = headers.get(header::CONTENT_LENGTH);
    let claimed = claimed.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if claimed.is_some_and(|claimed| claimed > limit) {
        return Err(too_large());
    }
    let bytes = timeout(BODY_TIME, to_bytes(body, limit)).await;
    bytes
        .map_err(|_| {
            Problem::timeout(format!(
                "the body was not there within {} s",
                BODY_TIME.as_secs()
            ))
        })?
        .map_err(|error| {
            let source = std::error::Error::source(&error);
            if source.is_some_and(|source| source.is::<LengthLimitError>()) {
                too_large()
            } else {
                Problem::invalid_parameter("the body broke off")
            }
        })
}

/// `If-Match` and `If-None-Match` of a write (RFC 9110 section 13.1).
#[derive(Clone, Debug, Default)]
pub(super) struct Preconditions {
    matches: Option<String>,
    must_not_exist: bool,
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = |name| -> Result<Option<String>, Problem> {
            let mut texts = Vec::new();
            for value in parts.headers.get_all(&name) {
                let text = value.to_str();
                let wrong = |_| Problem::invalid_parameter(format!("{name} is no text"));
                texts.push(text.map_err(wrong)?.trim());
            }
            Ok((!texts.is_empty()).then(|| texts.join(",")))
        };
        let none = text(header::IF_NONE_MATCH)?;
        if none.as_deref().is_some_and(|none| none != "*") {
            return Err(Problem::invalid_parameter(
                "If-None-Match can only be `*` here",
            ));
        }
        Ok(Self {
            matches: text(header::IF_MATCH)?,
            must_not_exist: none.is_some(),
        })
    }
}

impl Preconditions {
    /// Whether a write may go on where the object has `tag`, or does not exist.
    pub(super) fn check(&self, tag: Option<&str>) -> Result<(), Problem> {
        let matched = match (&self.matches, tag) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(tag)) => {
                wanted == "*" || wanted.split(',').any(|one| one.trim() == tag)
            }
        };
        if matched && !(self.must_not_exist && tag.is_some()) {
            return Ok(());
        }
        Err(Problem::changed_meanwhile(match tag {
            None => "the object does not exist".to_owned(),
            Some(_) if !matched => {
                "the object was changed meanwhile; get it and try again".to_owned()
            }
            Some(_) => "the object exists".to_owned(),
        }))
    }
}

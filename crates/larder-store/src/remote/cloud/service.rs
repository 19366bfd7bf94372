//! HTTP for `object_store` by way of the same client as all remotes.

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
        HttpService,
    },
};
use ureq::http::{
    Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH},
};

use super::super::{
    contract::Trouble,
    wire::{SHORT, Wire, WireAnswer, refused},
};

/// How many bytes an object may have, given along with the request for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most(pub(super) u64);

/// The meaning of a status for a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Somebody else writes the same object at this moment.
    Passing,
    /// The object is there.
    Present,
}

/// Speaks for `object_store`.
#[derive(Debug, Clone)]
pub(super) struct CloudService {
    pub(super) wire: Wire,
    pub(super) conflict: Conflict,
}

impl HttpConnector for CloudService {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for CloudService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let most = request.extensions().get::<Most>().map_or(SHORT, |most| most.0);
        let is_get = request.method() == Method::GET;
        let (mut parts, body) = request.into_parts();
        let bytes = body.collect().await?.to_bytes();
        // The client says it by itself.
        parts.headers.remove(CONTENT_LENGTH);
        // Google's is written with nobody's token, too.
        if parts.headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().trim_ascii() == b"Bearer") {
            parts.headers.remove(AUTHORIZATION);
        }
        let answer = self.wire.send(Request::from_parts(parts, &bytes[..]), most).map_err(failed)?;
        if let Some(trouble) = self.trouble(&answer, is_get) {
            return Err(failed(trouble));
        }
        let length = answer.body.len();
        let mut response = Response::new(HttpResponseBody::from(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        // An answer that came in pieces has none, and object_store asks for it.
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        Ok(response)
    }
}

impl CloudService {
    /// Why an answer is none that `object_store` should judge.
    fn trouble(&self, answer: &WireAnswer, is_get: bool) -> Option<Trouble> {
        match answer.status {
            StatusCode::NOT_FOUND => {
                let text = String::from_utf8_lossy(&answer.body);
                let is_bucket = ["NoSuchBucket", "ContainerNotFound"].iter().any(|code| text.contains(code));
                is_bucket.then(|| Trouble::Lasting("the bucket is not there".to_owned()))
            }
            StatusCode::CONFLICT if self.conflict == Conflict::Passing && !is_get => {
                Some(Trouble::Passing("status 409".to_owned()))
            }
            StatusCode::CONFLICT
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::NOT_MODIFIED
            | StatusCode::FORBIDDEN
            | StatusCode::UNAUTHORIZED => None,
            status if status.is_success() => None,
            status => Some(refused(status)),
        }
    }
}

fn failed(trouble: Trouble) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, trouble)
}

//! The pages as they came, and which answers are worth another attempt.
//!
//! The SDK's typed output drops members that its model does not know, one malformed party fails the
//! whole page, and to make it takes half of what the SDK costs. So the body itself is taken in its
//! place, and the SDK is only asked for what it is good at.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_organizations::operation::list_handshakes_for_organization::{
    ListHandshakesForOrganization, ListHandshakesForOrganizationError,
    ListHandshakesForOrganizationOutput,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    Error as OperationError, InterceptorContext, Output,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::listing::LIST_HANDSHAKES_FOR_ORGANIZATION;
use crate::handshake::{Page, PageError};

/// A page, or why the body is none, and the body.
type ReadPage = Result<Page, (PageError, Vec<u8>)>;

/// What the newest attempt of a client's newest call brought. A client makes one call at a time.
#[derive(Debug, Clone)]
pub struct Answers {
    newest: Arc<Mutex<Newest>>,
    /// The SDK's own configuration of the operation, with its own way to read an answer.
    sdk: Option<FrozenLayer>,
}

#[derive(Debug, Default)]
struct Newest {
    endpoint: Option<String>,
    page: Option<ReadPage>,
}

impl Answers {
    /// Nothing so far.
    pub fn new() -> Self {
        let sdk = ListHandshakesForOrganization::new().config();
        Self { newest: Arc::default(), sdk }
    }

    /// Takes the page of the newest attempt, or the body that is none; `None` unless it was answered
    /// with status 200.
    pub fn take_page(&self) -> Option<ReadPage> {
        self.with(|newest| newest.page.take())
    }

    /// Scheme, host and port that the newest attempt went to; never user information or a path.
    pub fn endpoint(&self) -> Option<String> {
        self.with(|newest| newest.endpoint.clone())
    }

    fn with<R>(&self, f: impl FnOnce(&mut Newest) -> R) -> R {
        f(&mut self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Answers {
    fn name(&self) -> &'static str {
        "Answers"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = config.load::<Metadata>().map(Metadata::name);
        if name == Some(LIST_HANDSHAKES_FOR_ORGANIZATION) {
            let reader = SharedResponseDeserializer::new(self.clone());
            config.interceptor_state().store_put(reader);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let endpoint = endpoint_of(context.request().uri());
        self.with(|newest| *newest = Newest { endpoint, page: None });
        Ok(())
    }
}

/// Reads the page, and leaves to the SDK what is none: errors, and what nobody can read.
impl DeserializeResponse for Answers {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<OperationError>> {
        if response.status().as_u16() == 200
            && let Some(body) = response.body().bytes()
        {
            let page = Page::read(body.to_vec());
            let is_page = page.is_ok();
            self.with(|newest| newest.page = Some(page));
            if is_page {
                let output = ListHandshakesForOrganizationOutput::builder().build();
                return Ok(Output::erase(output));
            }
        }
        match self.sdk.as_ref().and_then(|sdk| sdk.load::<SharedResponseDeserializer>()) {
            Some(sdk) => sdk.deserialize_nonstreaming_with_config(response, config),
            None => Err(OrchestratorError::other("the SDK has no way to read this answer")),
        }
    }
}

fn endpoint_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(format!("{scheme}://{host}"))
}

/// What to try again, where the SDK's own judgement is not ours.
#[derive(Debug)]
pub struct RetryJudgement;

impl ClassifyRetry for RetryJudgement {
    fn name(&self) -> &'static str {
        "RetryJudgement"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let code = error
            .as_operation_error()
            .and_then(|error| error.downcast_ref::<ListHandshakesForOrganizationError>())
            .and_then(|error| error.code());
        if matches!(code, Some("ConcurrentModificationException" | "ServiceException")) {
            // The SDK does not repeat the first, nor the second where its status is 400: the
            // organization is free, and the service there, again a moment later.
            return RetryAction::server_error();
        }
        let whole = |response: &&HttpResponse| response.body().bytes().is_some();
        match context.response().filter(whole).map(|response| response.status().as_u16()) {
            // Cut short, or from somebody else: a proxy, a login page.
            Some(200) => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint_of;

    #[test]
    fn an_endpoint_is_scheme_host_and_port_without_user_information() {
        for (uri, endpoint) in [
            (
                "https://organizations.us-east-1.amazonaws.com/",
                "https://organizations.us-east-1.amazonaws.com",
            ),
            ("http://127.0.0.1:4566/path?x=1", "http://127.0.0.1:4566"),
            ("https://me:secret@proxy.example.com:8443/", "https://proxy.example.com:8443"),
        ] {
            assert_eq!(endpoint_of(uri).as_deref(), Some(endpoint));
        }
        assert_eq!(endpoint_of("/"), None);
    }
}

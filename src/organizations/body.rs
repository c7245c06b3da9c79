//! The response body as it came, and which answers are worth another attempt.
//!
//! The SDK's typed output drops members that its model does not know, and one malformed party fails
//! the whole page. So the body itself is taken, and the SDK is only asked for what it is good at.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    InterceptorContext,
};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use aws_sdk_organizations::operation::list_handshakes_for_organization::ListHandshakesForOrganizationError;

use crate::handshake::Page;

/// What the newest attempt of a client's newest call brought. A client makes one call at a time.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    newest: Arc<Mutex<Newest>>,
}

#[derive(Debug, Default)]
struct Newest {
    endpoint: Option<String>,
    body: Option<Vec<u8>>,
}

impl Answers {
    /// Takes the body of the newest attempt; `None` unless it was answered with status 200.
    pub fn take_body(&self) -> Option<Vec<u8>> {
        self.with(|newest| newest.body.take())
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

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let endpoint = endpoint_of(context.request().uri());
        self.with(|newest| *newest = Newest { endpoint, body: None });
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().as_u16() == 200 {
            let body = context.response().body().bytes().map(<[u8]>::to_vec);
            self.with(|newest| newest.body = body);
        }
        Ok(())
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
        let Some(body) = context
            .response()
            .filter(|response| response.status().as_u16() == 200)
            .and_then(|response| response.body().bytes())
        else {
            return RetryAction::NoActionIndicated;
        };
        if Page::read(body.to_vec()).is_ok() {
            // The SDK could not read an element of it; we can read the page. The next answer would
            // be the same.
            RetryAction::RetryForbidden
        } else {
            // Cut short, or from somebody else: a proxy, a login page.
            RetryAction::transient_error()
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

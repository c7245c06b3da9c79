//! The longest body that is read: memory is bounded, whatever answers in AWS's place.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;

/// In MiB: a page of 20 handshakes takes some hundredths of one. The SDK holds a body whole, and what
/// keeps or refuses it has copies: a few times as much is the most that a call takes.
pub const LONGEST_BODY: usize = 64;

/// Breaks off any body that is longer than [`LONGEST_BODY`].
#[derive(Debug)]
pub struct BodyLimit;

impl Intercept for BodyLimit {
    fn name(&self) -> &'static str {
        "BodyLimit"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(whole, LONGEST_BODY * 1024 * 1024));
        Ok(())
    }
}

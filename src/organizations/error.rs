//! What AWS, the network or the credentials had against a call, told apart.

use std::error::Error as StdError;
use std::fmt::Write as _;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_organizations::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http_body_util::LengthLimitError;

use super::limit::LONGEST_BODY;

/// A call that failed, after all its attempts.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {kind}")]
pub struct Error {
    /// The operation: `ListHandshakesForOrganization`.
    pub call: &'static str,
    /// What went wrong.
    pub kind: ErrorKind,
}

/// What went wrong with a call. The first six are the errors of the API page.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// `AccessDeniedException`: the caller may not do this.
    #[error("AWS denied access: {0}")]
    AccessDenied(String),
    /// `AWSOrganizationsNotInUseException`: the account is in no organization.
    #[error("the account is not in an organization: {0}")]
    NotInOrganization(String),
    /// `ConcurrentModificationException`, still after all attempts.
    #[error("the organization was being modified during every attempt: {0}")]
    ConcurrentModification(String),
    /// `InvalidInputException`.
    #[error("AWS takes the request for invalid{}: {message}", .reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default())]
    InvalidInput {
        /// AWS's `Reason`, such as `INVALID_PATTERN`.
        reason: Option<String>,
        /// AWS's message.
        message: String,
    },
    /// `ServiceException` or another answer of status 500 and above.
    #[error("AWS failed to answer (status {status}): {message}")]
    Service {
        /// The HTTP status.
        status: u16,
        /// AWS's message.
        message: String,
    },
    /// `TooManyRequestsException`, still after all attempts.
    #[error("AWS throttled every attempt: {0}")]
    Throttled(String),
    /// No credentials were found anywhere.
    #[error("no AWS credentials were found: {0}")]
    NoCredentials(String),
    /// Credentials could not be had: a broken profile, an expired SSO login, an STS refusal.
    #[error("the AWS credentials could not be loaded: {0}")]
    CredentialsNotLoaded(String),
    /// AWS does not accept the credentials: wrong, expired, or of another partition.
    #[error("AWS does not accept the credentials ({code}): {message}")]
    CredentialsRefused {
        /// AWS's error code, such as `ExpiredTokenException`.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// Another error code of AWS.
    #[error("AWS refused with {code} (status {status}): {message}")]
    Refused {
        /// AWS's error code.
        code: String,
        /// The HTTP status.
        status: u16,
        /// AWS's message.
        message: String,
    },
    /// No attempt was answered in time.
    #[error("no answer in time: {0}")]
    TimedOut(String),
    /// No attempt reached the endpoint, or each broke off.
    #[error("the endpoint could not be reached: {0}")]
    Unreachable(String),
    /// An answer came that is not the API's.
    #[error("the answer could not be read (status {status}): {reason}")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: String,
        /// The body of an answer of status 200; evidence, though nobody could read it.
        body: Vec<u8>,
    },
    /// A token came twice: the list would never end, or end early.
    #[error("the list of handshakes runs in a circle: AWS gave the same NextToken twice")]
    TokenRepeated,
    /// The client could not be set up from the configuration.
    #[error("the AWS client could not be set up: {0}")]
    Configuration(String),
}

impl ErrorKind {
    /// Whether AWS refused the token of a page: the list took too long. A new list has new tokens.
    pub fn is_stale_token(&self) -> bool {
        let Self::InvalidInput { reason: Some(reason), .. } = self else { return false };
        matches!(reason.as_str(), "INVALID_NEXT_TOKEN" | "INVALID_PAGINATION_TOKEN")
    }

    /// AWS's error code, or a word of this program's: what the archive writes down.
    pub fn code(&self) -> &str {
        match self {
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::NotInOrganization(_) => "AWSOrganizationsNotInUseException",
            Self::ConcurrentModification(_) => "ConcurrentModificationException",
            Self::InvalidInput { .. } => "InvalidInputException",
            Self::Service { .. } => "ServiceException",
            Self::Throttled(_) => "TooManyRequestsException",
            Self::NoCredentials(_) => "NoCredentials",
            Self::CredentialsNotLoaded(_) => "CredentialsNotLoaded",
            Self::CredentialsRefused { code, .. } | Self::Refused { code, .. } => code,
            Self::TimedOut(_) => "TimedOut",
            Self::Unreachable(_) => "Unreachable",
            Self::Unreadable { .. } => "UnreadableAnswer",
            Self::TokenRepeated => "TokenRepeated",
            Self::Configuration(_) => "Configuration",
        }
    }
}

/// Error codes that AWS services give to credentials that they do not accept.
const CREDENTIALS_REFUSED: &[&str] = &[
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidClientTokenIdException",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "AuthFailure",
    "OptInRequired",
    "NotAuthorized",
];

impl ErrorKind {
    /// Tells an SDK error apart. `reason` is the Reason of an InvalidInputException.
    pub(super) fn from_sdk<E>(
        error: &SdkError<E, HttpResponse>,
        reason: impl FnOnce(&E) -> Option<String>,
    ) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        if let Some(credentials) = find::<CredentialsError>(error) {
            let text = chain(credentials);
            return match credentials {
                CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials(text),
                // The instance role is asked last: nothing before it had credentials, and a machine
                // that has no role may say so with an error.
                _ if text.contains("IMDS") => Self::NoCredentials(text),
                _ => Self::CredentialsNotLoaded(text),
            };
        }
        match error {
            SdkError::TimeoutError(_) => Self::TimedOut(chain(error)),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Self::TimedOut(chain(error))
            }
            SdkError::DispatchFailure(_) => Self::Unreachable(chain(error)),
            SdkError::ConstructionFailure(_) => Self::Configuration(chain(error)),
            SdkError::ResponseError(response) => {
                let too_long = find::<LengthLimitError>(error);
                let reason = too_long.map_or_else(
                    || chain(error),
                    |_| format!("its body is longer than {LONGEST_BODY} MiB"),
                );
                Self::unread(response.raw().status().as_u16(), reason)
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                Self::from_service(service.err(), status, reason(service.err()))
            }
            _ => Self::Unreachable(chain(error)),
        }
    }

    /// An answer that broke off, or that the SDK could not read. Who has the body of a whole
    /// answer puts it in.
    fn unread(status: u16, reason: String) -> Self {
        Self::Unreadable { status, reason, body: Vec::new() }
    }

    fn from_service<E: ProvideErrorMetadata>(
        error: &E,
        status: u16,
        reason: Option<String>,
    ) -> Self {
        let message = error.message().unwrap_or("AWS gave no message").to_owned();
        let Some(code) = error.code() else {
            return match status {
                500.. => Self::Service { status, message },
                _ => Self::unread(status, "an error without a code".to_owned()),
            };
        };
        match code {
            "AccessDeniedException" | "AccessDenied" => Self::AccessDenied(message),
            "AWSOrganizationsNotInUseException" => Self::NotInOrganization(message),
            "ConcurrentModificationException" => Self::ConcurrentModification(message),
            "InvalidInputException" | "ValidationException" => {
                Self::InvalidInput { reason, message }
            }
            "ServiceException" => Self::Service { status, message },
            "TooManyRequestsException"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException" => Self::Throttled(message),
            code if CREDENTIALS_REFUSED.contains(&code) => {
                Self::CredentialsRefused { code: code.to_owned(), message }
            }
            _ if status >= 500 => Self::Service { status, message },
            code => Self::Refused { code: code.to_owned(), status, message },
        }
    }
}

/// The first error of this type in the chain of causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The chain of causes in one line: the SDK's own text names only the outermost.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let text = causes(error);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ").replace(":; ", ": ")
}

fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.ends_with(&part) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {part}");
        }
        cause = error.source();
    }
    text
}

//! How AWS is called and answers: JSON 1.1 for Organizations, the query protocol with XML for STS, and the
//! shape of a Signature Version 4 header. Signatures are not recomputed: the simulator knows no secret key.

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

const TARGET: &str = "AWSOrganizationsV20161128.";
const JSON_TYPE: &str = "application/x-amz-json-1.1";
const STS_XMLNS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `AWSOrganizationsV20161128.ListHandshakesForOrganization`
    ListHandshakesForOrganization,
    /// `AWSOrganizationsV20161128.DescribeOrganization`
    DescribeOrganization,
    /// `Action=GetCallerIdentity` of STS
    GetCallerIdentity,
    /// Anything else; it is refused.
    Other,
}

/// A request as it was received, whether or not it was then refused or struck by a fault.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it asks for.
    pub operation: Operation,
    /// The JSON body; `{}` for STS, null where the body is not JSON.
    pub input: Value,
    /// The access key id it is signed with; empty without a well-formed signature.
    pub access_key: String,
    /// The region it is signed for; empty without a well-formed signature.
    pub region: String,
    /// `NextToken` of a list call.
    pub token: Option<String>,
    /// `Filter.ParentHandshakeId` of a list call.
    pub parent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Json,
    Query,
}

#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) reason: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: &str) -> ApiError {
        ApiError { status, code: code.to_owned(), message: message.to_owned(), reason: None }
    }

    /// InvalidInputException. The reasons are those of the service's model, which differ here and there from the
    /// names in the prose: INVALID_NEXT_TOKEN for INVALID_PAGINATION_TOKEN, MAX_LIMIT_EXCEEDED_FILTER for
    /// MAX_FILTER_LIMIT_EXCEEDED.
    /// [API page](https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html)
    pub(crate) fn invalid_input(reason: &str) -> ApiError {
        let message = match reason {
            "INVALID_NEXT_TOKEN" => "You specified a NextToken that is not valid.",
            "INVALID_PATTERN" => "You provided a value that does not match the required pattern.",
            "MAX_LIMIT_EXCEEDED_FILTER" => "You can specify only one filter parameter.",
            "MAX_VALUE_EXCEEDED" => "You provided a number that is larger than allowed.",
            "MIN_VALUE_EXCEEDED" => "You provided a number that is smaller than allowed.",
            _ => "You specified an invalid value.",
        };
        ApiError {
            reason: Some(reason.to_owned()),
            ..ApiError::new(400, "InvalidInputException", message)
        }
    }

    /// A parent that is no longer visible. AWS does not document its answer; of the errors that the operation can
    /// give, this is the only one about the input.
    pub(crate) fn gone_parent() -> ApiError {
        ApiError::invalid_input("INVALID_ENUM")
    }

    /// A body that is not JSON, or a member of another JSON type than the model says.
    pub(crate) fn serialization() -> ApiError {
        ApiError::new(400, "SerializationException", "")
    }

    pub(crate) fn unknown_operation() -> ApiError {
        ApiError::new(400, "UnknownOperationException", "")
    }

    pub(crate) fn answer(&self, wire: Wire, request_id: &str) -> Answer {
        match wire {
            Wire::Json => self.json(),
            Wire::Query => self.xml(request_id),
        }
    }

    fn json(&self) -> Answer {
        let mut body = json!({"__type": self.code});
        if !self.message.is_empty() {
            body["Message"] = self.message.as_str().into();
        }
        if let Some(reason) = &self.reason {
            body["Reason"] = reason.as_str().into();
        }
        Answer {
            status: self.status,
            content_type: JSON_TYPE.to_owned(),
            error_type: Some(self.code.clone()),
            body: body.to_string().into_bytes(),
        }
    }

    /// [Common errors of STS](https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html)
    fn xml(&self, request_id: &str) -> Answer {
        let (status, code) = match self.code.as_str() {
            "AccessDeniedException" => (403, "AccessDenied"),
            "ExpiredTokenException" => (403, "ExpiredToken"),
            "IncompleteSignatureException" => (400, "IncompleteSignature"),
            "InvalidSignatureException" => (403, "SignatureDoesNotMatch"),
            "MissingAuthenticationTokenException" => (403, "MissingAuthenticationToken"),
            "TooManyRequestsException" => (400, "Throttling"),
            "UnrecognizedClientException" => (403, "InvalidClientTokenId"),
            other => (self.status, other),
        };
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let (code, message) = (escaped(code), escaped(&self.message));
        let body = format!(
            "<ErrorResponse xmlns=\"{STS_XMLNS}\">\n  <Error>\n    <Type>{fault}</Type>\n    <Code>{code}</Code>\n    \
             <Message>{message}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
        );
        Answer { error_type: None, ..Answer::xml(status, body) }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An answer before it goes on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// The header `x-amzn-ErrorType`.
    pub(crate) error_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(body: String) -> Answer {
        Answer {
            status: 200,
            content_type: JSON_TYPE.to_owned(),
            error_type: None,
            body: body.into_bytes(),
        }
    }

    fn xml(status: u16, body: String) -> Answer {
        Answer {
            status,
            content_type: "text/xml".to_owned(),
            error_type: None,
            body: body.into_bytes(),
        }
    }

    /// The output of GetCallerIdentity for an IAM user `auditor` of `account`.
    pub(crate) fn caller_identity(account: &str, request_id: &str) -> Answer {
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"{STS_XMLNS}\">\n  <GetCallerIdentityResult>\n    \
             <Arn>arn:aws:iam::{account}:user/auditor</Arn>\n    <UserId>AIDAEXAMPLEAUDITOR001</UserId>\n    \
             <Account>{account}</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    \
             <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n"
        );
        Answer::xml(200, body)
    }
}

/// A request as read: what to log, how to answer, and why to refuse it if it is to be refused.
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) wire: Wire,
    pub(crate) refusal: Option<ApiError>,
}

impl Call {
    pub(crate) fn read(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Call {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (wire, named) = match header("x-amz-target") {
            Some(target) => (Wire::Json, json_operation(target)),
            None if is_form(header("content-type")) => (Wire::Query, query_operation(body)),
            None => (Wire::Json, Operation::Other),
        };
        let operation = match (method, path) {
            (&Method::POST, "/") => named,
            _ => Operation::Other,
        };
        let input: Result<Value, ApiError> = match wire {
            Wire::Json => serde_json::from_slice(body).map_err(|_| ApiError::serialization()),
            Wire::Query => Ok(json!({})),
        };
        let (service, content_type) = match wire {
            Wire::Json => ("organizations", JSON_TYPE),
            Wire::Query => ("sts", "application/x-www-form-urlencoded"),
        };
        let credential = Credential::read(header("authorization"), service);

        let unknown = (operation == Operation::Other).then(|| match wire {
            Wire::Json => ApiError::unknown_operation(),
            Wire::Query => ApiError::new(400, "InvalidAction", "Could not find this operation."),
        });
        // AWS takes no JSON under another name than this one.
        let mislabeled = !header("content-type").is_some_and(|it| it.starts_with(content_type));
        let refusal = unknown
            .or_else(|| credential.as_ref().err().cloned())
            .or_else(|| mislabeled.then(ApiError::unknown_operation))
            .or_else(|| input.as_ref().err().cloned())
            .or_else(|| {
                let is_object = input.as_ref().is_ok_and(Value::is_object);
                (!is_object).then(ApiError::serialization)
            });

        let input = input.unwrap_or_default();
        let is_list = operation == Operation::ListHandshakesForOrganization;
        let text = |value: &Value| value.as_str().filter(|_| is_list).map(str::to_owned);
        let credential = credential.unwrap_or_default();
        Call {
            request: Request {
                operation,
                token: text(&input["NextToken"]),
                parent: text(&input["Filter"]["ParentHandshakeId"]),
                input,
                access_key: credential.access_key,
                region: credential.region,
            },
            wire,
            refusal,
        }
    }
}

fn json_operation(target: &str) -> Operation {
    match target.strip_prefix(TARGET) {
        Some("ListHandshakesForOrganization") => Operation::ListHandshakesForOrganization,
        Some("DescribeOrganization") => Operation::DescribeOrganization,
        _ => Operation::Other,
    }
}

fn is_form(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"))
}

fn query_operation(body: &[u8]) -> Operation {
    let has = |pair: &str| body.split(|b| *b == b'&').any(|it| it == pair.as_bytes());
    if has("Action=GetCallerIdentity") && has("Version=2011-06-15") {
        Operation::GetCallerIdentity
    } else {
        Operation::Other
    }
}

#[derive(Default)]
struct Credential {
    access_key: String,
    region: String,
}

impl Credential {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/YYYYMMDD/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`.
    /// [Source](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)
    fn read(authorization: Option<&str>, service: &str) -> Result<Credential, ApiError> {
        let authorization = authorization.ok_or_else(|| {
            let message = "Missing Authentication Token";
            ApiError::new(400, "MissingAuthenticationTokenException", message)
        })?;
        let (credential, scope) = Credential::parse(authorization).ok_or_else(|| {
            let message = "Authorization header is not of the form of Signature Version 4.";
            ApiError::new(400, "IncompleteSignatureException", message)
        })?;
        if scope != service {
            let message = format!("Credential should be scoped to correct service: '{service}'.");
            return Err(ApiError::new(400, "InvalidSignatureException", &message));
        }
        Ok(credential)
    }

    fn parse(authorization: &str) -> Option<(Credential, &str)> {
        let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let parameter = |name: &str| {
            parameters
                .split(',')
                .find_map(|it| it.trim().strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
        };
        parameter("SignedHeaders")?;
        let signature = parameter("Signature")?;
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        let scope: Vec<&str> = parameter("Credential")?.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        let is_date = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
        let complete = is_date
            && signature.len() == 64
            && is_hex(signature)
            && !access_key.is_empty()
            && !region.is_empty();
        let credential =
            Credential { access_key: access_key.to_owned(), region: region.to_owned() };
        complete.then_some((credential, service))
    }
}

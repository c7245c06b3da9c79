//! What goes wrong, and when.

use std::time::Duration;

use crate::listing::Twist;
use crate::protocol::{ApiError, Operation, Request};

/// Which requests a fault strikes.
#[derive(Clone, Debug)]
pub struct When {
    operation: Option<Operation>,
    under_parent: Option<bool>,
    after: usize,
    times: Option<usize>,
}

impl When {
    fn operation(operation: Option<Operation>) -> When {
        When { operation, under_parent: None, after: 0, times: None }
    }

    /// Every ListHandshakesForOrganization.
    pub fn list() -> When {
        When::operation(Some(Operation::ListHandshakesForOrganization))
    }

    /// Every DescribeOrganization.
    pub fn describe() -> When {
        When::operation(Some(Operation::DescribeOrganization))
    }

    /// Every GetCallerIdentity.
    pub fn identity() -> When {
        When::operation(Some(Operation::GetCallerIdentity))
    }

    /// Every request whatever.
    pub fn any() -> When {
        When::operation(None)
    }

    /// Lets `n` matching requests through first: `list().after(2)` strikes the third page. A request that another
    /// fault queued earlier has struck does not count.
    pub fn after(self, n: usize) -> When {
        When { after: n, ..self }
    }

    /// Strikes `n` times and is then used up. Without this it strikes for ever.
    pub fn times(self, n: usize) -> When {
        When { times: Some(n), ..self }
    }

    /// Only lists that are filtered by ParentHandshakeId.
    pub fn under_parent(self) -> When {
        When { under_parent: Some(true), ..self }
    }

    /// Only requests that are not filtered by ParentHandshakeId.
    pub fn without_parent(self) -> When {
        When { under_parent: Some(false), ..self }
    }

    fn matches(&self, request: &Request) -> bool {
        self.operation.is_none_or(|it| it == request.operation)
            && self.under_parent.is_none_or(|it| it == request.parent.is_some())
    }
}

/// What happens to a request that is struck. The faults of paging leave other operations than
/// ListHandshakesForOrganization alone; where one speaks of the true body, that may be an error's.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error of AWS in the protocol of the operation: JSON 1.1, or the XML of STS, which renames some codes.
    Error {
        /// HTTP status.
        status: u16,
        /// The exception's name, such as `TooManyRequestsException`.
        code: String,
        /// Text for people; left out of the answer when it is empty.
        message: String,
        /// The `Reason` that some exceptions carry.
        reason: Option<String>,
    },
    /// Any answer whatever.
    Answer {
        /// HTTP status.
        status: u16,
        /// The Content-Type header.
        content_type: String,
        /// The body, byte for byte.
        body: Vec<u8>,
    },
    /// The true body under this Content-Type.
    ContentType(String),
    /// The true page with this element, byte for byte, before its others. It may be any bytes whatever.
    ExtraElement(Vec<u8>),
    /// The true body, and then this byte again and again until all is so long. It is made as it is sent.
    Padded {
        /// What follows the true body. White space leaves it what it is.
        with: u8,
        /// Length of the whole.
        bytes: usize,
    },
    /// TCP reset without a byte.
    ResetBeforeAnswer,
    /// Headers and half of the true body, then TCP reset.
    ResetInsideBody,
    /// The whole body announced, half of it sent, then an orderly close.
    CutBody,
    /// Half of the true body with the right Content-Length for that half: broken JSON in a well-formed HTTP answer.
    TruncatedBody,
    /// The request is read and never answered; the connection stays open.
    Silence,
    /// Headers and half of the true body, then nothing more; the connection stays open.
    SilenceInsideBody,
    /// The true body in small pieces.
    SlowDrip {
        /// Size of a piece; 0 counts as 1.
        bytes: usize,
        /// Pause before each further piece.
        every: Duration,
    },
    /// The endpoint goes away unanswering: every connection closes, and its port refuses any other from now on.
    GoAway,
    /// Every connection closes unanswered; from now on the endpoint shows a certificate that nobody trusts.
    /// Without TLS the connections close all the same.
    OtherCertificate,
    /// An empty page whose NextToken continues exactly where the list was.
    EmptyPage,
    /// From here on this listing answers empty pages only, each with a fresh token, even when the fault is used up.
    EmptyPageForever,
    /// A page whose NextToken is the token that the request came with; for a first page, a token whose page repeats it.
    RepeatToken,
    /// From here on this listing's tokens go A, B, A, B, for ever, even when the fault is used up.
    CycleTokens,
}

impl Fault {
    /// TooManyRequestsException, 400.
    pub fn throttle() -> Fault {
        let message =
            "You have sent too many requests in too short a period of time. Try again later.";
        error(400, "TooManyRequestsException", message)
    }

    /// ServiceException, 500.
    pub fn service() -> Fault {
        let message = "AWS Organizations can't complete your request because of an internal service error. Try again later.";
        error(500, "ServiceException", message)
    }

    /// InternalFailure, 500, without a message, as AWS's front end answers.
    pub fn internal() -> Fault {
        error(500, "InternalFailure", "")
    }

    /// AccessDeniedException, 400.
    pub fn access_denied() -> Fault {
        let message = "You don't have permissions to access this resource.";
        error(400, "AccessDeniedException", message)
    }

    /// AWSOrganizationsNotInUseException, 400.
    pub fn not_in_use() -> Fault {
        let message = "Your account is not a member of an organization.";
        error(400, "AWSOrganizationsNotInUseException", message)
    }

    /// ConcurrentModificationException, 400.
    pub fn concurrent_modification() -> Fault {
        let message = "AWS Organizations can't complete your request because it conflicts with another attempt to modify the same entity. Try again later.";
        error(400, "ConcurrentModificationException", message)
    }

    /// InvalidInputException, 400, with this Reason.
    pub fn invalid_input(reason: &str) -> Fault {
        ApiError::invalid_input(reason).into()
    }

    /// ExpiredTokenException, 400: temporary credentials that ran out.
    pub fn expired_token() -> Fault {
        let message = "The security token included in the request is expired";
        error(400, "ExpiredTokenException", message)
    }

    /// UnrecognizedClientException, 400: an access key that AWS does not know.
    pub fn unrecognized_client() -> Fault {
        let message = "The security token included in the request is invalid.";
        error(400, "UnrecognizedClientException", message)
    }

    /// 200 with an HTML page, as from a captive portal or a proxy.
    pub fn html() -> Fault {
        Fault::Answer {
            status: 200,
            content_type: "text/html".to_owned(),
            body:
                b"<!DOCTYPE html><html><body><h1>Please sign in to the network</h1></body></html>\n"
                    .to_vec(),
        }
    }

    /// 200 without a byte of body.
    pub fn empty_body() -> Fault {
        Fault::Answer {
            status: 200,
            content_type: "application/x-amz-json-1.1".to_owned(),
            body: Vec::new(),
        }
    }

    pub(crate) fn twist(&self) -> Option<Twist> {
        match self {
            Fault::EmptyPage => Some(Twist::EmptyPage),
            Fault::EmptyPageForever => Some(Twist::EmptyPageForever),
            Fault::RepeatToken => Some(Twist::RepeatToken),
            Fault::CycleTokens => Some(Twist::CycleTokens),
            _ => None,
        }
    }
}

fn error(status: u16, code: &str, message: &str) -> Fault {
    ApiError::new(status, code, message).into()
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Fault {
        Fault::Error {
            status: error.status,
            code: error.code,
            message: error.message,
            reason: error.reason,
        }
    }
}

struct Rule {
    when: When,
    fault: Fault,
    let_through: usize,
    struck: usize,
}

/// The queued faults, in the order in which they were injected.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    struck: usize,
}

impl Faults {
    pub(crate) fn inject(&mut self, when: When, fault: Fault) {
        self.rules.push(Rule { when, fault, let_through: 0, struck: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn struck(&self) -> usize {
        self.struck
    }

    /// The fault that strikes this request: of the first rule that matches, is not used up and lets nothing through
    /// any more.
    pub(crate) fn strike(&mut self, request: &Request) -> Option<Fault> {
        for rule in &mut self.rules {
            let used_up = rule.when.times.is_some_and(|times| rule.struck >= times);
            if used_up || !rule.when.matches(request) {
                continue;
            }
            if rule.let_through < rule.when.after {
                rule.let_through += 1;
                continue;
            }
            rule.struck += 1;
            self.struck += 1;
            return Some(rule.fault.clone());
        }
        None
    }
}

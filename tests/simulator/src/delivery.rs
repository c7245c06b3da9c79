//! An answer on its way: whole, or as far as a fault lets it come.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use crate::connection::Connection;
use crate::fault::Fault;
use crate::protocol::Answer;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Time for the first half of a body to reach the client before its connection ends. Over loopback the kernel
/// delivers it at once; this only lets the server write it.
const FLUSH: Duration = Duration::from_millis(20);

/// How every page of the simulator begins.
const PAGE_START: &[u8] = br#"{"Handshakes":["#;

/// Bytes of padding that are sent at a time.
const PIECE: usize = 64 * 1024;

/// What follows the first half of a body.
enum After {
    Reset(Connection),
    Close,
    Silence,
}

/// Sends `answer` as `fault` allows. Faults that put another answer in its place, or none, are none of this module's.
pub(crate) fn deliver(
    answer: Answer,
    request_id: &str,
    fault: Option<&Fault>,
    connection: Connection,
) -> Response {
    let body = match fault {
        Some(Fault::ExtraElement(element)) => with_element(answer.body, element),
        _ => answer.body,
    };
    let length = body.len();
    let body = Bytes::from(body);
    let half = body.slice(..length / 2);
    let (length, body) = match fault {
        Some(Fault::ResetInsideBody) => (length, half_and(half, After::Reset(connection))),
        Some(Fault::CutBody) => (length, half_and(half, After::Close)),
        Some(Fault::SilenceInsideBody) => (length, half_and(half, After::Silence)),
        Some(Fault::TruncatedBody) => (half.len(), Body::from(half)),
        Some(Fault::Padded { with, bytes }) => (length.max(*bytes), padded(body, *with, *bytes)),
        Some(Fault::SlowDrip { bytes, every }) => (length, drip(body, *bytes, *every)),
        _ => (length, Body::from(body)),
    };
    let content_type = match fault {
        Some(Fault::ContentType(other)) => other.clone(),
        _ => answer.content_type,
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_LENGTH, length.to_string()),
        (REQUEST_ID, request_id.to_owned()),
    ];
    let error_type = answer.error_type.map(|code| [(ERROR_TYPE, code)]);
    match error_type {
        Some(header) => (status, headers, header, body).into_response(),
        None => (status, headers, body).into_response(),
    }
}

/// The page with one more element before the others. What is no page, an error, stays as it is.
fn with_element(page: Vec<u8>, element: &[u8]) -> Vec<u8> {
    let Some(rest) = page.strip_prefix(PAGE_START) else { return page };
    let comma: &[u8] = if rest.starts_with(b"]") { b"" } else { b"," };
    [PAGE_START, element, comma, rest].concat()
}

/// Chunks of one piece that is shared, so that it takes no memory however long it is.
fn padded(body: Bytes, with: u8, bytes: usize) -> Body {
    let padding = bytes.saturating_sub(body.len());
    let piece = Bytes::from(vec![with; PIECE.min(padding)]);
    let pieces = stream::unfold(padding, move |left| {
        let next = piece.slice(..piece.len().min(left));
        async move { (left > 0).then(|| (Ok::<_, Infallible>(next.clone()), left - next.len())) }
    });
    Body::from_stream(stream::iter([Ok(body)]).chain(pieces))
}

fn half_and(half: Bytes, after: After) -> Body {
    // An error out of the stream makes the server drop the connection at once.
    Body::from_stream(stream::unfold(Some((half, after)), async |step| {
        let (half, after) = step?;
        if !half.is_empty() {
            return Some((Ok(half), Some((Bytes::new(), after))));
        }
        tokio::time::sleep(FLUSH).await;
        match after {
            After::Reset(connection) => connection.reset(),
            After::Close => {}
            After::Silence => std::future::pending().await,
        }
        Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), None))
    }))
}

fn drip(body: Bytes, bytes: usize, every: Duration) -> Body {
    let bytes = bytes.max(1);
    let next = move |(mut rest, begun): (Bytes, bool)| async move {
        if rest.is_empty() {
            return None;
        }
        if begun {
            tokio::time::sleep(every).await;
        }
        let piece = rest.split_to(bytes.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), (rest, true)))
    };
    Body::from_stream(stream::unfold((body, false), next))
}

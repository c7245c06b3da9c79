//! The same protocol with every answer rendered beforehand, for measurements: what is measured is then the
//! client. One organization at one moment, without faults, filters or a clock.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use crate::listing::{ListInput, Listings};
use crate::organization::Organization;
use crate::protocol::{Answer, ApiError, Wire};

/// A server on a loopback port of its own, with a thread for each connection. It serves until the process ends.
#[derive(Debug)]
pub struct Replay {
    address: SocketAddr,
    pages: usize,
}

/// Whole HTTP answers.
struct Answers {
    first: Vec<u8>,
    by_token: HashMap<String, Vec<u8>>,
    organization: Vec<u8>,
    identity: Vec<u8>,
    refusal: Vec<u8>,
}

impl Replay {
    /// Renders the organization's list in pages of 20 and serves it on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If it cannot bind.
    pub fn start(organization: &Organization) -> Replay {
        let answers = Arc::new(Answers::render(organization));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap_or_else(|error| panic!("the replay cannot bind to 127.0.0.1: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("the replay does not know its port: {error}"));
        let pages = answers.by_token.len() + 1;
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                // A connection that the client breaks off is the client's affair.
                thread::spawn(move || answers.serve(&connection));
            }
        });
        Replay { address, pages }
    }

    /// The endpoint, as `http://127.0.0.1:PORT`, for Organizations and STS alike.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many pages the list has.
    pub fn pages(&self) -> usize {
        self.pages
    }
}

impl Answers {
    fn render(organization: &Organization) -> Answers {
        let mut listings = Listings::default();
        let mut page = |token: Option<&str>| {
            let input = match token {
                Some(token) => json!({ "NextToken": token }),
                None => json!({}),
            };
            let body = ListInput::read(&input)
                .and_then(|input| listings.page(organization, &input, None))
                .unwrap_or_else(|error| {
                    panic!("the simulator refuses its own token: {}", error.code)
                });
            let read: Value = serde_json::from_str(&body).unwrap_or_else(|error| {
                panic!("the simulator wrote a page that is no JSON: {error}")
            });
            (http(&Answer::json(body)), read["NextToken"].as_str().map(str::to_owned))
        };
        let (first, mut next) = page(None);
        let mut by_token = HashMap::new();
        while let Some(token) = next {
            let (answer, after) = page(Some(&token));
            by_token.insert(token, answer);
            next = after;
        }
        Answers {
            first,
            by_token,
            organization: http(&Answer::json(organization.describe())),
            identity: http(&Answer::caller_identity(organization.management_account(), "replay")),
            refusal: http(&ApiError::unknown_operation().answer(Wire::Json, "replay")),
        }
    }

    fn serve(&self, connection: &TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection);
        let (mut line, mut body) = (String::new(), Vec::new());
        loop {
            let (mut target, mut length) = (String::new(), 0);
            loop {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let Some((name, value)) = line.trim_end().split_once(':') else {
                    if line.trim_end().is_empty() {
                        break;
                    }
                    continue;
                };
                if name.eq_ignore_ascii_case("x-amz-target") {
                    value.trim().clone_into(&mut target);
                } else if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
            }
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
            let mut out = connection;
            out.write_all(self.answer(&target, &body))?;
        }
    }

    fn answer(&self, target: &str, body: &[u8]) -> &[u8] {
        match target.rsplit('.').next() {
            Some("ListHandshakesForOrganization") => {
                let input: Value = serde_json::from_slice(body).unwrap_or_default();
                match (input["NextToken"].as_str(), &input["Filter"]) {
                    (_, Value::Object(_)) => &self.refusal,
                    (None, _) => &self.first,
                    (Some(token), _) => self.by_token.get(token).unwrap_or(&self.refusal),
                }
            }
            Some("DescribeOrganization") => &self.organization,
            _ if body.starts_with(b"Action=GetCallerIdentity") => &self.identity,
            _ => &self.refusal,
        }
    }
}

fn http(answer: &Answer) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        answer.status,
        if answer.status == 200 { "OK" } else { "Bad Request" },
        answer.content_type,
        answer.body.len()
    )
    .into_bytes();
    text.extend_from_slice(&answer.body);
    text
}

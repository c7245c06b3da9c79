//! What the work itself costs: the pages by a plain HTTP loop over one socket, parsed, and the same rows
//! inserted into the same tables in one transaction. No signature, no retry, no hash, no history.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use chrono::{DateTime, SecondsFormat};
use rusqlite::{Connection, OpenFlags, Statement};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow)]
    handshakes: Vec<&'a RawValue>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handshake {
    id: String,
    arn: Option<String>,
    action: Option<String>,
    state: Option<String>,
    requested_timestamp: Option<f64>,
    expiration_timestamp: Option<f64>,
    #[serde(default)]
    parties: Vec<Party>,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Party {
    id: Option<String>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: Option<String>,
    value: Option<String>,
    #[serde(default)]
    resources: Vec<Resource>,
}

/// Fetches everything from `url` into a new database at `path`, with or without the indexes that the
/// canned queries need.
pub fn run(url: &str, path: &str, indexed: bool) -> Result<(), Box<dyn Error>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(0);
    connection.execute_batch(include_str!("../../migrations/0002_projection.sql"))?;
    connection.execute_batch(
        "CREATE TABLE payloads (handshake_id INTEGER PRIMARY KEY, payload TEXT) STRICT;",
    )?;
    if indexed {
        connection.execute_batch(include_str!("../../migrations/0004_indexes.sql"))?;
    }
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    let transaction = connection.transaction()?;
    {
        let mut tables = Tables::prepare(&transaction)?;
        let mut fetch = Fetch::connect(url)?;
        let mut token = None;
        loop {
            let body = fetch.page(token.as_deref())?;
            let page: Page<'_> = serde_json::from_slice(body)?;
            for element in page.handshakes {
                tables.insert(&serde_json::from_str(element.get())?, element.get())?;
            }
            match page.next_token {
                Some(next) => token = Some(next),
                None => break,
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

struct Tables<'c> {
    handshakes: Statement<'c>,
    parties: Statement<'c>,
    resources: Statement<'c>,
    payloads: Statement<'c>,
    handshake_id: i64,
}

impl<'c> Tables<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            handshakes: connection.prepare(
                "INSERT INTO handshakes (handshake_id, id, arn, organization_id, action, state, account,
                     email, requested_at, expires_at, version, first_seen_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?11)",
            )?,
            parties: connection.prepare("INSERT INTO parties VALUES (?1, ?2, ?3, ?4)")?,
            resources: connection.prepare("INSERT INTO resources VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?,
            payloads: connection.prepare("INSERT INTO payloads VALUES (?1, ?2)")?,
            handshake_id: 0,
        })
    }

    fn insert(&mut self, handshake: &Handshake, payload: &str) -> Result<(), Box<dyn Error>> {
        self.handshake_id += 1;
        let id = self.handshake_id;
        let to = |kind: &str| {
            let mut parties = handshake.parties.iter();
            parties.find(|party| party.r#type.as_deref() == Some(kind))?.id.as_deref()
        };
        self.handshakes.execute((
            id,
            &handshake.id,
            &handshake.arn,
            to("ORGANIZATION"),
            &handshake.action,
            &handshake.state,
            to("ACCOUNT"),
            to("EMAIL"),
            text(handshake.requested_timestamp),
            text(handshake.expiration_timestamp),
            "2026-01-01T00:00:00.000Z",
        ))?;
        for (position, party) in (0_i64..).zip(&handshake.parties) {
            self.parties.execute((id, position, &party.r#type, &party.id))?;
        }
        self.nested(handshake, &handshake.resources, None, 0, &mut 0)?;
        self.payloads.execute((id, payload))?;
        Ok(())
    }

    fn nested(
        &mut self,
        handshake: &Handshake,
        resources: &[Resource],
        parent: Option<i64>,
        depth: i64,
        next: &mut i64,
    ) -> rusqlite::Result<()> {
        for resource in resources {
            let ordinal = *next;
            *next += 1;
            let (kind, value) = (&resource.r#type, &resource.value);
            let names = matches!(kind.as_deref(), Some("ACCOUNT" | "EMAIL"));
            let beyond_parties = names && !handshake.parties.iter().any(|party| party.id == *value);
            let row = (self.handshake_id, ordinal, parent, depth, kind, value, beyond_parties);
            self.resources.execute(row)?;
            self.nested(handshake, &resource.resources, Some(ordinal), depth + 1, next)?;
        }
        Ok(())
    }
}

fn text(seconds: Option<f64>) -> Option<String> {
    let time = DateTime::from_timestamp_millis((seconds? * 1000.0) as i64)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// One connection, one request after another.
struct Fetch {
    out: TcpStream,
    answers: BufReader<TcpStream>,
    host: String,
    body: Vec<u8>,
}

impl Fetch {
    fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        let host = url.strip_prefix("http://").ok_or("a plain http:// address")?.to_owned();
        let out = TcpStream::connect(&host)?;
        out.set_nodelay(true)?;
        Ok(Self { answers: BufReader::new(out.try_clone()?), out, host, body: Vec::new() })
    }

    fn page(&mut self, token: Option<&str>) -> Result<&[u8], Box<dyn Error>> {
        let input = match token {
            Some(token) => format!(r#"{{"MaxResults":20,"NextToken":"{token}"}}"#),
            None => r#"{"MaxResults":20}"#.to_owned(),
        };
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-amz-json-1.1\r\n\
             X-Amz-Target: AWSOrganizationsV20161128.ListHandshakesForOrganization\r\n\
             Content-Length: {}\r\n\r\n{input}",
            self.host,
            input.len()
        );
        self.out.write_all(request.as_bytes())?;
        let mut length = None;
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse()?);
                }
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        self.body.resize(length.ok_or("an answer without a length")?, 0);
        self.answers.read_exact(&mut self.body)?;
        Ok(&self.body)
    }
}

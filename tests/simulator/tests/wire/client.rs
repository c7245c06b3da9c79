//! A tiny HTTP client on `std` alone, which shows how an answer ended as well as what it said.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

pub const LIST: &str = "AWSOrganizationsV20161128.ListHandshakesForOrganization";
pub const DESCRIBE: &str = "AWSOrganizationsV20161128.DescribeOrganization";

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e} in {}", self.body))
    }

    /// Status, `__type` and `Reason` of an error.
    pub fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(self.header("x-amzn-errortype"), Some(&*text("__type")));
        (self.status, text("__type"), text("Reason"))
    }
}

pub struct Client {
    stream: BufReader<TcpStream>,
}

pub fn authorization(service: &str) -> String {
    let signature = "0".repeat(64);
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}"
    )
}

impl Client {
    pub fn connect(url: &str) -> Client {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    pub fn give_up_after(&mut self, time: Duration) {
        let stream = self.stream.get_ref();
        stream.set_read_timeout(Some(time)).unwrap();
    }

    pub fn send(&mut self, headers: &[(&str, &str)], body: &str) {
        let mut text = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        text += body;
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    pub fn send_json(&mut self, target: &str, input: &Value) {
        let authorization = authorization("organizations");
        let headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", target),
            ("Authorization", authorization.as_str()),
        ];
        self.send(&headers, &input.to_string());
    }

    /// The head of an answer, with an empty body.
    pub fn head(&mut self) -> io::Result<Answer> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &String| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        };
        Ok(Answer { status, headers: lines[1..].iter().map(header).collect(), body: String::new() })
    }

    pub fn receive(&mut self) -> io::Result<Answer> {
        let mut answer = self.head()?;
        let mut body = vec![0; length(&answer)];
        self.stream.read_exact(&mut body)?;
        answer.body = String::from_utf8(body).unwrap();
        Ok(answer)
    }

    /// What arrives of a body, and how it ended if not by its length.
    pub fn receive_part(&mut self) -> (Answer, io::Result<()>) {
        let mut answer = self.head().unwrap();
        let (mut body, mut byte) = (Vec::new(), [0]);
        let end = loop {
            if body.len() == length(&answer) {
                break Ok(());
            }
            match self.stream.read(&mut byte) {
                Ok(0) => break Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => body.push(byte[0]),
                Err(error) => break Err(error),
            }
        };
        answer.body = String::from_utf8(body).unwrap();
        (answer, end)
    }

    pub fn call(&mut self, target: &str, input: &Value) -> Answer {
        self.send_json(target, input);
        self.receive().unwrap()
    }

    pub fn list(&mut self, input: Value) -> Answer {
        self.call(LIST, &input)
    }

    pub fn identity(&mut self) -> Answer {
        let authorization = authorization("sts");
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", authorization.as_str()),
        ];
        self.send(&headers, "Action=GetCallerIdentity&Version=2011-06-15");
        self.receive().unwrap()
    }

    /// Every page of a list, asked for with `input`.
    pub fn pages(&mut self, input: Value) -> Vec<Value> {
        let (mut pages, mut ask) = (Vec::new(), input);
        loop {
            let answer = self.list(ask.clone());
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.json();
            let token = page["NextToken"].clone();
            pages.push(page);
            if token.is_null() {
                return pages;
            }
            ask["NextToken"] = token;
        }
    }

    /// The ids of a whole list.
    pub fn ids(&mut self, input: Value) -> Vec<String> {
        let pages = self.pages(input);
        let elements = pages.iter().flat_map(|page| page["Handshakes"].as_array().unwrap());
        elements.map(|element| element["Id"].as_str().unwrap().to_owned()).collect()
    }

    /// The one handshake that the unfiltered list shows under this id.
    pub fn handshake(&mut self, id: &str) -> Option<Value> {
        let pages = self.pages(json!({}));
        let mut found = pages
            .iter()
            .flat_map(|page| page["Handshakes"].as_array().unwrap())
            .filter(|element| element["Id"] == id);
        let handshake = found.next().cloned();
        assert!(found.next().is_none(), "{id} is listed twice");
        handshake
    }
}

fn length(answer: &Answer) -> usize {
    answer.header("content-length").unwrap().parse().unwrap()
}

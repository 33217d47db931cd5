//! The daemon's API asked directly: one request a connection, and what came of it.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

/// Where the API is found; cheap to copy into threads.
#[derive(Clone, Debug)]
pub struct StoreClient(PathBuf);

/// A whole answer. A connection that broke off is an error instead.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Reply {
    /// Whether a write was accepted.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["title"].as_str().unwrap_or_default()
    }
}

impl StoreClient {
    /// At a daemon's socket.
    pub fn at(socket: &Path) -> Self {
        Self(socket.to_owned())
    }

    /// Send one request and read the answer to its end. A body is JSON if it begins
    /// like JSON, else YAML.
    pub fn send(&self, method: &str, path: &str, body: &str) -> io::Result<Reply> {
        let mut stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(Duration::from_secs(180)))?;
        let kind = match body.as_bytes().first() {
            None => "",
            Some(b'{' | b'[') => "Content-Type: application/json\r\n",
            Some(_) => "Content-Type: application/yaml\r\n",
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n{kind}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        read_answer(&text).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The objects a path lists.
    pub fn list(&self, path: &str) -> io::Result<Vec<Value>> {
        let mut answer = self.send("GET", path, "")?;
        match answer.body["items"].take() {
            Value::Array(items) if answer.is_done() => Ok(items),
            _ => Err(io::Error::other(format!("{path} answers {answer:?}"))),
        }
    }
}

/// `None` if it is not all there.
fn read_answer(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    if lengths.next()? != body.len() {
        return None;
    }
    let body = serde_json::from_str(body).ok()?;
    Some(Reply { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_broke_off_is_no_answer() {
        let whole = "HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
        assert_eq!(read_answer(whole).unwrap().status, 201);
        for length in 0..whole.len() {
            assert!(read_answer(&whole[..length]).is_none(), "{length}");
        }
    }
}

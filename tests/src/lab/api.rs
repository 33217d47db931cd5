//! Callers of the daemon's API.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    daemon::Daemon,
    http::{Answer, Ask, Line},
    namespace::Namespace,
    user::User,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Api {
    way: Way,
    token: Option<String>,
}

/// How the daemon is reached.
#[derive(Clone, Debug)]
pub enum Way {
    /// Over its socket, as a user or as whoever runs the tests.
    Socket(PathBuf, Option<User>),
    /// Over TCP from inside a namespace.
    Tcp(Namespace, SocketAddr),
}

impl Daemon {
    /// Root, on the socket.
    pub fn api(&self) -> Api {
        Api {
            way: Way::Socket(self.socket.clone(), None),
            token: None,
        }
    }

    /// A user, on the socket.
    pub fn api_as(&self, user: &User) -> Api {
        Api {
            way: Way::Socket(self.socket.clone(), Some(user.clone())),
            token: None,
        }
    }

    /// Somebody on TCP with a token, or without.
    pub fn api_with(&self, token: Option<&str>) -> Result<Api> {
        let address = self.listen.context("the daemon does not listen on TCP")?;
        Ok(Api {
            way: Way::Tcp(self.router.clone(), address),
            token: token.map(str::to_owned),
        })
    }

    /// Let every user connect to the socket, as an operator would who gives it to a
    /// group: what they may do there is the daemon's to say.
    pub fn open_socket(&self) -> Result<()> {
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(&self.socket, open).context("cannot open the socket")
    }
}

impl Api {
    /// The same caller with a token, which is not looked at on the socket.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// A connection, on which nothing has been said yet.
    pub fn connect(&self) -> Result<Box<dyn Line>> {
        match &self.way {
            Way::Socket(path, user) => {
                let connect = || UnixStream::connect(path);
                let stream = match user {
                    Some(user) => user.be(connect)?,
                    None => connect().with_context(|| format!("{}", path.display()))?,
                };
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream))
            }
            Way::Tcp(namespace, address) => {
                let stream = namespace.enter(|| TcpStream::connect(address))??;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream))
            }
        }
    }

    /// A connection on which a request was sent.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Box<dyn Line>> {
        let mut line = self.connect()?;
        let ask = match &self.token {
            Some(token) => &ask
                .clone()
                .header("Authorization", &format!("Bearer {token}")),
            None => ask,
        };
        // The daemon need not take a body that it refuses by its head.
        let _ = line.write_all(ask.text().as_bytes());
        Ok(line)
    }

    /// Ask, and be answered.
    pub fn send(&self, ask: &Ask) -> Result<Answer> {
        let line = self.ask(ask)?;
        Answer::read(line).with_context(|| ask.title())
    }

    /// GET, of what must be there.
    pub fn get(&self, target: &str) -> Result<Value> {
        let answer = self.send(&Ask::new("GET", target))?;
        answer.expect(200).with_context(|| target.to_owned())
    }

    /// `items` of a list.
    pub fn list(&self, target: &str) -> Result<Vec<Value>> {
        match self.get(target)?["items"].take() {
            Value::Array(items) => Ok(items),
            other => anyhow::bail!("{target}: no items but {other}"),
        }
    }

    /// A request with a JSON body.
    pub fn put(&self, method: &str, target: &str, body: &Value) -> Result<Answer> {
        self.send(&Ask::new(method, target).json(body))
    }

    /// A request without a body.
    pub fn call(&self, method: &str, target: &str) -> Result<Answer> {
        self.send(&Ask::new(method, target))
    }

    /// Apply documents, which must succeed.
    pub fn apply(&self, query: &str, documents: &str) -> Result<Value> {
        let ask = Ask::new("POST", &format!("/v1/apply{query}")).yaml(documents);
        self.send(&ask)?
            .expect(200)
            .with_context(|| documents.to_owned())
    }
}

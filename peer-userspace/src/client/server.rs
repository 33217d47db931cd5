//! Where peerd is: a socket or an address, from the command line or the
//! environment, and connecting to it.
//!
//! Must not know what is asked.

use std::{env, ffi::OsString, fmt, io, path::PathBuf};

use http_body_util::Full;
use hyper::{
    Uri,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::HeaderValue,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

use super::Failure;

/// Where peerd's socket is unless something else is said.
const SOCKET: &str = "/run/peerd/peerd.sock";

const HEADING: &str = "Where peerd is";

/// Arguments that name the daemon.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServerArgs {
    /// The daemon's unix socket [env: PEERD_SOCKET] [default: /run/peerd/peerd.sock]
    #[arg(long, global = true, value_name = "PATH", help_heading = HEADING, conflicts_with = "server")]
    socket: Option<PathBuf>,
    /// The daemon's TCP address, http://ADDR:PORT, with the token in PEERD_TOKEN [env: PEERD_SERVER]
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING)]
    server: Option<String>,
}

/// Where peerd is.
#[derive(Clone, Debug)]
pub(super) enum Server {
    Socket(PathBuf),
    Tcp {
        host: String,
        port: u16,
        /// `Authorization`.
        bearer: HeaderValue,
    },
}

impl ServerArgs {
    /// Where peerd is, by these arguments and else by the environment.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        self.server_in(|key| env::var_os(key).filter(|value| !value.is_empty()))
    }

    fn server_in(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Server, Failure> {
        // What the command line says goes before what the environment says.
        let (socket, server) = match (&self.socket, &self.server) {
            (None, None) => (
                variable("PEERD_SOCKET").map(PathBuf::from),
                variable("PEERD_SERVER").map(text).transpose()?,
            ),
            (socket, server) => (socket.clone(), server.clone()),
        };
        match (socket, server) {
            (Some(_), Some(_)) => Err(Failure::Usage(
                "PEERD_SOCKET and PEERD_SERVER are both set; unset one".to_owned(),
            )),
            (_, Some(url)) => tcp(&url, variable("PEERD_TOKEN").map(text).transpose()?),
            (socket, None) => Ok(Server::Socket(socket.unwrap_or_else(|| SOCKET.into()))),
        }
    }
}

fn text(value: OsString) -> Result<String, Failure> {
    value
        .into_string()
        .map_err(|_| Failure::Usage("PEERD_SERVER or PEERD_TOKEN is not UTF-8".to_owned()))
}

fn tcp(url: &str, token: Option<String>) -> Result<Server, Failure> {
    let wrong = || Failure::Usage(format!("`{url}` is no server; write http://ADDR:PORT"));
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let (Some("http"), "" | "/", None) = (uri.scheme_str(), uri.path(), uri.query()) else {
        return Err(wrong());
    };
    let authority = uri.authority().filter(|all| !all.as_str().contains('@'));
    let (Some(authority), Some(port)) = (authority, uri.port_u16()) else {
        return Err(wrong());
    };
    let Some(token) = token else {
        return Err(Failure::Usage(format!(
            "{url} answers nobody without a token; put yours into PEERD_TOKEN"
        )));
    };
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Failure::Usage("PEERD_TOKEN is no token".to_owned()))?;
    bearer.set_sensitive(true);
    Ok(Server::Tcp {
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port,
        bearer,
    })
}

impl Server {
    /// Connect, for one request.
    pub(super) async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        match self {
            Self::Socket(path) => handshake(UnixStream::connect(path).await?).await,
            Self::Tcp { host, port, .. } => {
                handshake(TcpStream::connect((host.as_str(), *port)).await?).await
            }
        }
    }

    /// The value of `Authorization`, where the kernel does not say who asks.
    pub(super) fn bearer(&self) -> Option<&HeaderValue> {
        match self {
            Self::Socket(_) => None,
            Self::Tcp { bearer, .. } => Some(bearer),
        }
    }

    /// The value of `Host`.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Socket(_) => "peerd".to_owned(),
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => path.display().fmt(f),
            Self::Tcp { .. } => write!(f, "http://{}", self.host()),
        }
    }
}

async fn handshake<S>(stream: S) -> io::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        socket: Option<&str>,
        server: Option<&str>,
        environment: &[(&str, &str)],
    ) -> Result<String, Failure> {
        let args = ServerArgs {
            socket: socket.map(PathBuf::from),
            server: server.map(str::to_owned),
        };
        let variable = |key: &str| {
            let found = environment.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| OsString::from(value))
        };
        args.server_in(variable).map(|server| server.to_string())
    }

    const TOKEN: (&str, &str) = ("PEERD_TOKEN", "t");

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let server = ("PEERD_SERVER", "http://h:1");
        let socket = ("PEERD_SOCKET", "/s");
        assert_eq!(chosen(None, None, &[]).unwrap(), SOCKET);
        assert_eq!(chosen(None, None, &[socket]).unwrap(), "/s");
        assert_eq!(chosen(Some("/a"), None, &[server]).unwrap(), "/a");
        assert_eq!(
            chosen(None, Some("http://[::1]:80"), &[socket, TOKEN]).unwrap(),
            "http://[::1]:80"
        );
        let both = chosen(None, None, &[server, socket, TOKEN]);
        assert!(matches!(both, Err(Failure::Usage(_))));
    }

    #[test]
    fn a_server_is_http_with_a_port_and_a_token() {
        for wrong in [
            "https://h:1",
            "h:1",
            "http://h",
            "http://h:1/v1",
            "http://u@h:1",
            "",
        ] {
            let refused = chosen(None, Some(wrong), &[TOKEN]);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
        let silent = chosen(None, Some("http://h:1"), &[]);
        assert!(silent.unwrap_err().to_string().contains("PEERD_TOKEN"));
    }

    #[test]
    fn a_token_is_never_shown() {
        let server = tcp("http://h:1", Some("secret".to_owned())).unwrap();
        assert!(!format!("{server:?} {server}").contains("secret"));
    }
}

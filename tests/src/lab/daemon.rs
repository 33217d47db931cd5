//! The real peerd, running inside the router's namespace.

use std::{
    fs::{self, File},
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    namespace::Namespace,
    process::{self, Output, SHORT},
    programs::Programs,
    sys,
    topology::Lab,
};

/// How long the daemon may take until it says it is ready, unless told otherwise.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A daemon with its files in the lab's folder. Dropping it kills it, and takes
/// its programs out of the kernel if it ever ran.
#[derive(Debug)]
pub struct Daemon {
    /// Its programs.
    pub programs: Programs,
    /// The table file it is given.
    pub table: PathBuf,
    /// The socket peerctl finds it at.
    pub socket: PathBuf,
    /// Where it pins.
    pub bpffs: PathBuf,
    /// Where it serves metrics, inside the router.
    pub metrics_address: SocketAddr,
    /// Where it runs.
    pub router: Namespace,
    /// Where it serves the API on TCP, inside the router, if asked to.
    pub listen: Option<SocketAddr>,
    /// How long it may take until it says it is ready.
    pub ready_within: Duration,
    folder: PathBuf,
    config: Option<PathBuf>,
    process: Option<Child>,
    ran: bool,
    kept: bool,
}

impl Daemon {
    /// The lab's daemon, not started yet, with an empty table.
    pub fn new(lab: &Lab, programs: Programs) -> Result<Self> {
        Self::in_folder(lab, programs, lab.folder(), lab.bpffs(), 9477)
    }

    /// A second one on the same router, which shares nothing with the first but the kernel.
    pub fn second(lab: &Lab, programs: Programs) -> Result<Self> {
        let folder = lab.folder().join("second");
        fs::create_dir(&folder)?;
        let mut bpffs = lab.bpffs().into_os_string();
        bpffs.push("-second");
        Self::in_folder(lab, programs, folder, bpffs.into(), 9478)
    }

    fn in_folder(
        lab: &Lab,
        programs: Programs,
        folder: PathBuf,
        bpffs: PathBuf,
        metrics: u16,
    ) -> Result<Self> {
        let daemon = Self {
            programs,
            table: folder.join("table.yaml"),
            socket: folder.join("peerd.sock"),
            bpffs,
            folder,
            router: lab.router.clone(),
            // Every router has its own loopback, so a fixed port collides with none.
            metrics_address: (Ipv4Addr::LOCALHOST, metrics).into(),
            listen: None,
            ready_within: READY_WITHIN,
            config: None,
            process: None,
            ran: false,
            kept: false,
        };
        daemon.write_table("")?;
        Ok(daemon)
    }

    /// Replace the table file, as an editor or a deployment would: at once.
    pub fn write_table(&self, text: &str) -> Result<()> {
        let draft = self.table.with_extension("draft");
        fs::write(&draft, text)?;
        fs::rename(&draft, &self.table).context("cannot replace the table")
    }

    /// Give it a `peerd.yaml` from its next start on, which may hold secrets.
    pub fn configure(&mut self, text: &str) -> Result<()> {
        let file = self.folder.join("peerd.yaml");
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        self.config = Some(file);
        Ok(())
    }

    /// Serve the API on TCP as well from its next start on, at a free port of the
    /// router's loopback.
    pub fn listen(&mut self) -> Result<SocketAddr> {
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr();
        let address = self.router.enter(free)??;
        self.listen = Some(address);
        Ok(address)
    }

    /// The command line that runs it, as it stands inside the router's namespace.
    pub fn arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let options = [
            ("--table", path(&self.table)),
            ("--state-dir", path(&self.folder.join("state"))),
            ("--socket", path(&self.socket)),
            ("--metrics", self.metrics_address.to_string()),
            ("--bpffs", path(&self.bpffs)),
        ];
        let listen = self.listen.map(|address| ("--listen", address.to_string()));
        let config = self.config.as_deref().map(|file| ("--config", path(file)));
        let options = options
            .into_iter()
            .chain(listen)
            .chain(config)
            .flat_map(|(option, value)| [option.to_owned(), value]);
        ["run".to_owned()].into_iter().chain(options).collect()
    }

    /// Start it and wait until it says it is ready.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the daemon runs already");
        let notify = self.folder.join("notify.sock");
        let _ = fs::remove_file(&notify);
        let ready = UnixDatagram::bind(&notify).context("cannot bind the notify socket")?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut command = self.router.command(&self.programs.peerd);
        command
            .args(self.arguments())
            .env("NOTIFY_SOCKET", &notify)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C in the demo's terminal is not meant for it.
            .process_group(0);
        self.ran = true;
        let child = command.spawn().context("cannot start peerd")?;
        let child = self.process.insert(child);
        let outcome = wait_for_ready(&ready, child, self.ready_within);
        outcome.with_context(|| format!("peerd did not get ready; its log:\n{}", self.log()))
    }

    /// Kill it as a crash would.
    pub fn kill9(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the daemon does not run")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Ask it to end and see it end well.
    pub fn terminate(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the daemon does not run")?;
        sys::signal(process.id(), libc::SIGTERM)?;
        let deadline = Instant::now() + SHORT;
        while Instant::now() < deadline {
            if let Some(status) = process.try_wait()? {
                ensure!(
                    status.success(),
                    "peerd ended with {status}; its log:\n{}",
                    self.log()
                );
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        process.kill()?;
        process.wait()?;
        bail!("peerd did not end on SIGTERM; its log:\n{}", self.log())
    }

    /// Its process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("peerd.log")
    }

    /// Everything it has logged since its first start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Take everything of it out of the kernel, by its own command.
    pub fn detach(&self) -> Result<Output> {
        let mut detach = self.router.command(&self.programs.peerd);
        process::run(detach.arg("detach").arg("--bpffs").arg(&self.bpffs), SHORT)
    }

    /// Let it run on after this is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.kept || !self.ran {
            return;
        }
        // Neither can be an error here: the lab removes by force what is left.
        let _ = self.kill9();
        match self.detach() {
            Ok(done) if done.success() => {}
            Ok(done) => eprintln!("{done}"),
            Err(error) => eprintln!("{error:#}"),
        }
        let _ = fs::remove_dir_all(&self.bpffs);
    }
}

fn wait_for_ready(socket: &UnixDatagram, daemon: &mut Child, within: Duration) -> Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let deadline = Instant::now() + within;
    let mut message = [0; 4096];
    while Instant::now() < deadline {
        match socket.recv(&mut message) {
            Ok(length) => {
                let text = String::from_utf8_lossy(&message[..length]);
                if text.lines().any(|line| line == "READY=1") {
                    return Ok(());
                }
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error).context("cannot read the notify socket"),
        }
        if let Some(status) = daemon.try_wait()? {
            bail!("it ended with {status}");
        }
    }
    bail!("it said nothing for {within:?}")
}

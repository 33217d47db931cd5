//! One virtual machine: started, heard until it is done or its time is up, and gone.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use peer_tests::interrupt;

/// What processor it has. The second needs no help by the host's: its clock counts
/// instructions, a nanosecond each, so that a slow or busy host makes it late and hardly
/// ever makes its programs run into their time limits. It has one core: two take turns
/// there, and each waits for the other on the clock that only runs for one.
const PROCESSORS: [&[&str]; 2] = [
    &["-accel", "kvm", "-cpu", "host", "-smp", "2"],
    &[
        "-accel",
        "tcg,thread=single",
        "-cpu",
        "max",
        "-icount",
        "shift=0",
        "-rtc",
        "clock=vm",
        "-smp",
        "1",
    ],
];

/// How long one with KVM may take until it first speaks; some hosts offer KVM that does
/// not work.
const KVM_SPEAKS_WITHIN: Duration = Duration::from_secs(20);

/// What a machine is put together from.
pub(super) struct Parts<'a> {
    pub(super) image: &'a Path,
    pub(super) first_files: &'a Path,
    /// Further arguments of QEMU.
    pub(super) devices: &'a [String],
}

/// Boot and hear every line that it writes to its console, which also goes to `log`,
/// until one of them is `last`.
pub(super) fn run(
    parts: &Parts<'_>,
    log: &Path,
    last: &str,
    limit: Duration,
    mut hear: impl FnMut(&str),
) -> Result<()> {
    let deadline = Instant::now() + limit;
    let usable = File::options().read(true).write(true).open("/dev/kvm");
    for processor in &PROCESSORS[usize::from(usable.is_err())..] {
        let machine = Machine::start(processor, parts, log)?;
        let silent_until = match processor {
            [_, "kvm", ..] => Instant::now() + KVM_SPEAKS_WITHIN,
            _ => deadline,
        };
        let mut heard = false;
        loop {
            interrupt::check()?;
            let now = Instant::now();
            match machine.lines.recv_timeout(Duration::from_secs(1)) {
                Ok(line) if line == last => return Ok(()),
                Ok(line) => {
                    heard = true;
                    hear(&line);
                }
                Err(_) if now > deadline => {
                    bail!("the virtual machine was not done in {limit:?}")
                }
                Err(RecvTimeoutError::Disconnected) if heard => {
                    bail!("the virtual machine ended before it was done")
                }
                Err(RecvTimeoutError::Timeout) if heard || now < silent_until => {}
                // On to the next kind of processor.
                Err(_) => break,
            }
        }
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    bail!("the virtual machine did not boot: {said}")
}

struct Machine {
    process: Child,
    lines: mpsc::Receiver<String>,
}

impl Machine {
    fn start(processor: &[&str], parts: &Parts<'_>, log: &Path) -> Result<Self> {
        let mut log = File::create(log)?;
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(processor)
            .args(["-m", "2048", "-nodefaults", "-no-user-config"])
            .args(["-display", "none", "-serial", "stdio", "-no-reboot"])
            .arg("-kernel")
            .arg(parts.image)
            .arg("-initrd")
            .arg(parts.first_files)
            .args(["-append", "console=ttyS0 loglevel=1 panic=-1"])
            .args([
                "-virtfs",
                "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
            ])
            .args(parts.devices)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone()?);
        let mut process = qemu.spawn().context("cannot start qemu-system-x86_64")?;
        let console = process.stdout.take().context("qemu without a console")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut console = BufReader::new(console);
            let mut bytes = Vec::new();
            while console
                .read_until(b'\n', &mut bytes)
                .is_ok_and(|read| read > 0)
            {
                let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                let _ = writeln!(log, "{line}");
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, lines })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

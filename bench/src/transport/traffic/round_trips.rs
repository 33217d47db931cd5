//! Request and response over one TCP connection, a byte each way.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use peer_tests::Host;

use super::{stay_on, two_cpus};
use crate::stats;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Not counted: the connection and the CPU's caches are still cold.
const WARM_UP: usize = 200;

/// Transactions a second, and the median and 99th percentile of their times in µs.
pub(super) fn run(client: &Host, server: &Host, to: IpAddr, time: Duration) -> Result<Vec<f64>> {
    let [_, cpu] = two_cpus()?;
    let listener = server
        .ns
        .enter(|| TcpListener::bind((to, 0)))?
        .context("the server cannot listen")?;
    let address = listener.local_addr()?;
    let asking = client
        .ns
        .enter(|| TcpStream::connect_timeout(&address, PATIENCE))?
        .context("the client cannot connect")?;
    let (answering, _) = listener.accept()?;
    for end in [&asking, &answering] {
        end.set_nodelay(true)?;
        end.set_read_timeout(Some(PATIENCE))?;
    }
    let times = thread::scope(|scope| {
        let server = scope.spawn(|| stay_on(cpu).and_then(|()| answer(answering)));
        let client = scope.spawn(|| stay_on(cpu).and_then(|()| ask(asking, time)));
        let times = client.join().map_err(|_| anyhow!("the client panicked"))?;
        server
            .join()
            .map_err(|_| anyhow!("the server panicked"))??;
        times
    })?;
    ensure!(times.len() > WARM_UP, "{} round trips only", times.len());
    let times = &times[WARM_UP..];
    let total: f64 = times.iter().sum();
    let percentile = |percent| stats::percentile(times, percent).unwrap_or(f64::NAN);
    let rate = times.len() as f64 / (total / 1e6);
    Ok(vec![rate, percentile(50.0), percentile(99.0)])
}

/// The time of each round trip in µs.
fn ask(mut stream: TcpStream, time: Duration) -> Result<Vec<f64>> {
    let started = Instant::now();
    let mut times = Vec::new();
    let mut sent = started;
    while sent - started < time {
        stream.write_all(b"?")?;
        stream.read_exact(&mut [0]).context("no answer came")?;
        let answered = Instant::now();
        times.push((answered - sent).as_nanos() as f64 / 1e3);
        sent = answered;
    }
    Ok(times)
}

/// Until the client closes.
fn answer(mut stream: TcpStream) -> Result<()> {
    let mut byte = [0];
    loop {
        match stream.read_exact(&mut byte) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read.context("no question came")?,
        }
        stream.write_all(&byte)?;
    }
}

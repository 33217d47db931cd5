//! The benchmark's own BPF programs in the kernel: loaded once and used by every rig, so
//! that all packets are made and counted by the very same code.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use aya::{
    Ebpf,
    maps::{Array, Map, MapData, MapError, PerCpuArray},
    programs::{TestRun as _, TestRunAttrs, TestRunOptions, Xdp, XdpMode, xdp::XdpLink},
};
use bench_ebpf::{BURST, Counted, Plan, Progress};
use bytemuck::NoUninit;
use peer_tests::Namespace;
use rustix::thread::{CpuSet, sched_setaffinity};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/bench-ebpf"));

/// What is still on its way when the generator is done arrives within this.
const STRAGGLERS: Duration = Duration::from_millis(200);

/// Generator and sink, and their maps.
pub(super) struct Programs {
    object: Ebpf,
    plan: Array<MapData, [u8; size_of::<Plan>()]>,
    progress: Array<MapData, [u8; size_of::<Progress>()]>,
    counted: PerCpuArray<MapData, [u8; size_of::<Counted>()]>,
}

/// What became of the packets of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delivery {
    pub(super) sent: u64,
    pub(super) counted: Counted,
    /// From the first packet sent to the last.
    pub(super) took: Duration,
    /// A packet's share of the time in which nothing else had the sender's CPU: what it
    /// costs where all is done on that CPU.
    pub(super) each: Duration,
}

impl Delivery {
    /// Millions of packets a second that arrived.
    pub(super) fn delivered(&self) -> f64 {
        self.counted.frames as f64 / self.took.as_secs_f64() / 1e6
    }

    /// Whether every packet arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.counted.frames == self.sent
    }
}

/// Where generated packets go in.
pub(super) struct Inlet<'a> {
    pub(super) namespace: &'a Namespace,
    /// Of the interface in there.
    pub(super) index: u32,
}

impl Programs {
    /// Load them.
    pub(super) fn load() -> Result<Self> {
        let mut object = load(&["bench_generator", "bench_sink"])?;
        Ok(Self {
            plan: take(&mut object, "PLAN")?,
            progress: take(&mut object, "PROGRESS")?,
            counted: take(&mut object, "COUNTED")?,
            object,
        })
    }

    /// Count what comes to an interface of a namespace, for as long as the link lives.
    pub(super) fn count_at(&mut self, sink: &Namespace, index: u32) -> Result<XdpLink> {
        attach(&mut self.object, "bench_sink", sink, index)
    }

    /// Send so many of a plan's packets from a CPU, and see how many arrive.
    pub(super) fn send(
        &mut self,
        inlet: &Inlet<'_>,
        plan: &Plan,
        frame: &[u8],
        packets: u32,
        cpu: usize,
    ) -> Result<Delivery> {
        let (before, counted) = (self.progress()?, self.counted()?);
        // The last plan may have had more networks.
        let progress = Progress {
            random: before.random,
            sent: before.sent,
            ..Progress::default()
        };
        self.progress.set(0, bytes(&progress)?, 0)?;
        self.plan.set(0, bytes(plan)?, 0)?;
        let generator: &Xdp = program(&mut self.object, "bench_generator")?;
        let run = inlet.namespace.enter(|| {
            stay_on(cpu)?;
            let context = context(frame.len(), inlet.index);
            let ran = generator.test_run(TestRunOptions {
                data_in: Some(frame),
                ctx_in: Some(bytemuck::bytes_of(&context)),
                repeat: packets,
                attrs: TestRunAttrs::new().xdp_live_frames(BURST),
                ..TestRunOptions::new()
            })?;
            anyhow::Ok(ran)
        })?;
        let ran = run.context("the generator cannot run")?;
        let progress = self.progress()?;
        let mut delivery = Delivery {
            sent: progress.sent - before.sent,
            took: took(&before, &progress)?,
            each: ran.duration,
            ..Delivery::default()
        };
        let deadline = Instant::now() + STRAGGLERS;
        loop {
            let now = self.counted()?;
            delivery.counted = Counted {
                frames: now.frames - counted.frames,
                wrong: now.wrong - counted.wrong,
            };
            if delivery.counted.frames >= delivery.sent || Instant::now() > deadline {
                return Ok(delivery);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn progress(&self) -> Result<Progress> {
        Ok(bytemuck::pod_read_unaligned(&self.progress.get(&0, 0)?))
    }

    fn counted(&self) -> Result<Counted> {
        let by_cpu = self.counted.get(&0, 0)?;
        Ok(by_cpu.iter().fold(Counted::default(), |all, one| {
            let one: Counted = bytemuck::pod_read_unaligned(one);
            Counted {
                frames: all.frames + one.frames,
                wrong: all.wrong + one.wrong,
            }
        }))
    }
}

/// How long it took to send what was sent between two looks: what the bursts from the
/// first to the last one took, which all are alike. Not how long the call took: that
/// waits for RCU before and after, some 20 ms.
fn took(before: &Progress, after: &Progress) -> Result<Duration> {
    let sent = after.sent - before.sent;
    let timed = sent.saturating_sub(u64::from(BURST));
    ensure!(timed > 0, "{sent} packets are too few to be timed");
    let nanoseconds = (after.latest - after.began) as f64;
    Ok(Duration::from_secs_f64(
        nanoseconds / 1e9 * sent as f64 / timed as f64,
    ))
}

/// A value as maps take it.
fn bytes<T: NoUninit, const N: usize>(value: &T) -> Result<[u8; N]> {
    let bytes = bytemuck::bytes_of(value).first_chunk();
    bytes.copied().context("a value of another size")
}

/// Keep the calling thread on a CPU: what it sends is received there as well.
pub(super) fn stay_on(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu);
    sched_setaffinity(None, &only).with_context(|| format!("cannot stay on CPU {cpu}"))
}

/// `struct xdp_md` of a frame that came in by an interface.
pub(super) fn context(length: usize, index: u32) -> [u32; 6] {
    let (data, data_end, queue) = (0, length as u32, 0);
    [data, data_end, data, index, queue, 0]
}

/// The object, with some of its programs in the kernel.
pub(super) fn load(programs: &[&str]) -> Result<Ebpf> {
    let mut object = Ebpf::load(OBJECT).context("cannot load the benchmark's programs")?;
    for name in programs {
        let loaded = program(&mut object, name)?.load();
        loaded.with_context(|| format!("the kernel refuses {name}"))?;
    }
    Ok(object)
}

/// Attach a program natively to an interface of a namespace, for as long as the link
/// lives.
pub(super) fn attach(object: &mut Ebpf, name: &str, to: &Namespace, index: u32) -> Result<XdpLink> {
    let program = program(object, name)?;
    let link = to.enter(|| {
        let id = program.attach_to_if_index(index, XdpMode::Driver)?;
        program.take_link(id)
    })?;
    link.with_context(|| format!("cannot attach {name} to interface {index} of {}", to.name))
}

fn program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program = object.program_mut(name);
    Ok(program
        .with_context(|| format!("the object has no {name}"))?
        .try_into()?)
}

/// Take a map out of the object.
pub(super) fn take<T: TryFrom<Map, Error = MapError>>(object: &mut Ebpf, name: &str) -> Result<T> {
    let map = object.take_map(name);
    Ok(map
        .with_context(|| format!("the object has no {name}"))?
        .try_into()?)
}

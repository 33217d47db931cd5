//! What pktgen is told, and what it tells. Pure.

use anyhow::{Context as _, Result};
use ipnet::IpNet;

use super::options::Options;

/// One trial of one of pktgen's threads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    /// pktgen's thread, which is the CPU's number.
    pub(super) thread: u32,
    /// pktgen's name of an interface together with a thread.
    pub(super) device: String,
    /// What to write to the device, in this order.
    pub(super) commands: Vec<String>,
}

/// What every thread is to do. `rate` is in packets a second, of all together; 0 is as fast
/// as it goes.
pub(super) fn tasks(options: &Options, rate: f64) -> Vec<Task> {
    let threads = options.first_thread..options.first_thread + options.threads;
    let task = |thread| Task {
        thread,
        device: format!("{}@{thread}", options.interface),
        commands: commands(options, rate),
    };
    threads.map(task).collect()
}

fn commands(options: &Options, rate: f64) -> Vec<String> {
    let mut commands = vec![
        // So that no two threads wait for one queue's lock.
        "flag QUEUE_MAP_CPU".to_owned(),
        "flag NO_TIMESTAMP".to_owned(),
        // 0: until it is stopped.
        format!("count {}", options.count.unwrap_or(0)),
        format!("pkt_size {}", options.size),
        format!("clone_skb {}", options.clone_skb),
        format!("dst_mac {}", options.dst_mac),
    ];
    if options.burst > 1 {
        commands.push(format!("burst {}", options.burst));
    }
    if rate > 0.0 {
        // It waits before each burst of each thread.
        let waits = rate / f64::from(options.threads) / f64::from(options.burst);
        commands.push(format!("ratep {}", waits.round().max(1.0)));
    }
    let ends = [("dst", options.dst), ("src", options.src)];
    for (end, range) in ends {
        commands.extend(range.into_iter().flat_map(|range| addresses(end, range)));
    }
    if let Some(ports) = &options.ports {
        commands.extend([
            "flag UDPDST_RND".to_owned(),
            format!("udp_dst_min {}", ports.start()),
            // Not of the range itself.
            format!("udp_dst_max {}", u32::from(*ports.end()) + 1),
        ]);
    }
    commands
}

/// `end` is `dst` or `src`.
fn addresses(end: &str, range: IpNet) -> Vec<String> {
    let (first, last) = (range.network(), range.broadcast());
    let random = format!("flag IP{}_RND", end.to_uppercase());
    match range {
        _ if first == last && range.addr().is_ipv6() => vec![format!("{end}6 {first}")],
        // Always random in a range.
        IpNet::V6(_) => vec![format!("{end}6_min {first}"), format!("{end}6_max {last}")],
        IpNet::V4(_) => vec![
            random,
            format!("{end}_min {first}"),
            format!("{end}_max {last}"),
        ],
    }
}

/// What one device has sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) packets: u64,
    /// That the driver did not take.
    pub(super) errors: u64,
    pub(super) seconds: f64,
}

/// Read what pktgen says of a device after a trial.
pub(super) fn sent(told: &str) -> Result<Sent> {
    let result = told.split_once("Result: ").map(|(_, result)| result.trim());
    let result = result.context("pktgen tells no result")?;
    let parse = || {
        // OK: 1000123(c1000000+d123) usec, 200000 (60byte,0frags)
        //   199975pps 95Mb/sec (95988000bps) errors: 0
        let (time, rest) = result.strip_prefix("OK: ")?.split_once("(c")?;
        let packets = rest.split_once("usec, ")?.1.split_whitespace().next()?;
        let errors = rest.split_once("errors: ")?.1;
        Some(Sent {
            packets: packets.parse().ok()?,
            errors: errors.trim().parse().ok()?,
            seconds: time.parse::<f64>().ok()? / 1e6,
        })
    };
    parse().with_context(|| format!("pktgen says `{result}`"))
}

/// Whether a thread of pktgen's, by what it says of itself, has interfaces to send by.
pub(super) fn is_in_use(told: &str) -> bool {
    let lists = ["Running:", "Stopped:"];
    told.lines().any(|line| {
        let names = lists.iter().find_map(|list| line.strip_prefix(list));
        names.is_some_and(|names| !names.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Options {
        let line = format!("bench --pktgen -i eth0 -m 02:00:00:00:00:01 {line}");
        Line::try_parse_from(line.split_whitespace())
            .unwrap()
            .options
    }

    fn said(line: &str, rate: f64) -> Vec<String> {
        tasks(&options(line), rate).remove(0).commands
    }

    fn says(commands: &[String], wanted: &str) -> bool {
        commands.iter().any(|command| command == wanted)
    }

    #[test]
    fn each_thread_has_a_device_of_its_own() {
        let tasks = tasks(&options("-d 10.0.0.1 -t 2 -f 3"), 0.0);
        let names = tasks.iter().map(|task| (task.thread, &*task.device));
        assert_eq!(names.collect::<Vec<_>>(), [(3, "eth0@3"), (4, "eth0@4")]);
    }

    #[test]
    fn a_rate_is_shared_by_threads_and_counted_in_bursts() {
        let line = "-d 10.0.0.1 -t 2 -b 8";
        assert!(says(&said(line, 1.6e6), "ratep 100000"));
        assert!(says(&said(line, 1.6e6), "burst 8"));
        let fastest = said(line, 0.0);
        assert!(!fastest.iter().any(|command| command.starts_with("ratep")));
    }

    #[test]
    fn a_burst_of_one_is_not_mentioned_since_not_all_drivers_take_bursts() {
        let commands = said("-d 10.0.0.1", 0.0);
        assert!(!commands.iter().any(|command| command.starts_with("burst")));
    }

    #[test]
    fn every_address_of_a_range_is_a_destination() {
        let commands = said("-d 198.18.0.0/15 --src 10.1.0.2", 0.0);
        assert!(says(&commands, "dst_min 198.18.0.0"));
        assert!(says(&commands, "dst_max 198.19.255.255"));
        assert!(says(&commands, "flag IPDST_RND"));
        assert!(says(&commands, "src_min 10.1.0.2"));
        let commands = said("-6 -d fd00:2::/112 --src fd00:1::2", 0.0);
        assert!(says(&commands, "dst6_min fd00:2::"));
        assert!(says(&commands, "dst6_max fd00:2::ffff"));
        assert!(says(&commands, "src6 fd00:1::2"));
    }

    #[test]
    fn the_last_port_is_sent_to_as_well() {
        let commands = said("-d 10.0.0.1 -p 1000-1063", 0.0);
        assert!(says(&commands, "udp_dst_min 1000"));
        assert!(says(&commands, "udp_dst_max 1064"));
    }

    #[test]
    fn families_are_not_mixed() {
        assert!(options("-6 -d 10.0.0.1").check().is_err());
        assert!(options("-d fd00::1 --src 10.0.0.1").check().is_err());
        assert!(options("-6 -d fd00::1 --src fd00::2").check().is_ok());
    }

    #[test]
    fn a_result_says_packets_errors_and_time() {
        let told = "Params: count 200000  min_pkt_size: 60  max_pkt_size: 60\n\
                    Current:\n     pkts-sofar: 200000  errors: 3\n\
                    Result: OK: 2500000(c2499877+d123) usec, 200000 (60byte,0frags)\n  \
                    80000pps 38Mb/sec (38400000bps) errors: 3\n";
        let wanted = Sent {
            packets: 200_000,
            errors: 3,
            seconds: 2.5,
        };
        assert_eq!(sent(told).unwrap(), wanted);
    }

    #[test]
    fn whatever_else_a_result_says_is_told() {
        for told in ["", "Result: Idle\n", "Result: OK: clone_skb=1\n"] {
            assert!(sent(told).is_err(), "{told}");
        }
        let error = sent("Result: ERROR: no such thing\n").unwrap_err();
        assert!(error.to_string().contains("no such thing"));
    }

    #[test]
    fn a_thread_with_an_interface_is_in_use() {
        let idle = "Running: \n\nStopped: \nResult: NA\n";
        assert!(!is_in_use(idle));
        assert!(is_in_use(&idle.replace("Stopped: ", "Stopped: eth1 ")));
    }
}

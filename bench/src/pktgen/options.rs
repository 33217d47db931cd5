//! The command line, with the letters that the kernel's own pktgen scripts have.

use std::{net::IpAddr, ops::RangeInclusive, str::FromStr, time::Duration};

use anyhow::{Context as _, Error, Result, bail, ensure};
use ipnet::IpNet;

/// Preamble, checksum and gap: what a frame takes on an Ethernet wire beyond what pktgen
/// counts as its size.
const WIRE_OVERHEAD: u64 = 24;

#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "The kernel's packet generator")]
pub(crate) struct Options {
    /// Measure a router between real interfaces with the kernel's packet generator instead
    #[arg(long, requires_all = ["interface", "dst", "dst_mac"])]
    pktgen: bool,
    /// Interface to send by
    #[arg(short, long, requires = "pktgen", default_value = "")]
    pub(super) interface: String,
    /// Bytes of a frame, without its checksum: 60 are the least on Ethernet
    #[arg(short, long, requires = "pktgen", default_value_t = 60)]
    pub(super) size: u64,
    /// Destination address or CIDR range, of which each packet gets a random address
    #[arg(short, long, requires = "pktgen", value_parser = addresses)]
    pub(super) dst: Option<IpNet>,
    /// Source address or CIDR range; the interface's own address by default
    #[arg(long, requires = "pktgen", value_parser = addresses)]
    pub(super) src: Option<IpNet>,
    /// MAC of the router's interface
    #[arg(short = 'm', long, requires = "pktgen", default_value = "")]
    pub(super) dst_mac: String,
    /// Destination ports, such as 1000-1063 for 64 flows
    #[arg(short, long, requires = "pktgen", value_parser = ports)]
    pub(super) ports: Option<RangeInclusive<u16>>,
    /// Send IPv6, which the destination must be
    #[arg(short = '6', long, requires = "pktgen")]
    ipv6: bool,
    /// CPUs that send at once, each by a queue of its own
    #[arg(short, long, requires = "pktgen", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) threads: u32,
    /// The first of these CPUs
    #[arg(short, long, requires = "pktgen", default_value_t = 0)]
    pub(super) first_thread: u32,
    /// How often to send a packet before making the next one
    #[arg(short, long, requires = "pktgen", default_value_t = 0)]
    pub(super) clone_skb: u32,
    /// How many packets to hand the driver at once
    #[arg(short, long, requires = "pktgen", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) burst: u32,
    /// Packets of a trial and thread, instead of a time
    #[arg(short = 'n', long, requires = "pktgen", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,
    /// Seconds of a trial
    #[arg(long, requires = "pktgen", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Rates to try, such as 500k,1.5M packets a second or 10Gbit on the wire; by default as
    /// fast as it goes
    #[arg(short, long = "rate", requires = "pktgen", value_delimiter = ',')]
    pub(super) rates: Vec<Rate>,
    /// Also search for the greatest rate without loss
    #[arg(long, requires = "pktgen", requires = "counted")]
    pub(super) search: bool,
    /// Interface at which the router's packets come out, to count them
    #[arg(long, requires = "pktgen", group = "counted")]
    pub(super) rx: Option<String>,
    /// Ask for the far end's packet counter before and after each trial
    #[arg(long, requires = "pktgen", group = "counted", conflicts_with = "rx")]
    pub(super) rx_by_hand: bool,
}

impl Options {
    /// Whether it is to run instead of everything else.
    pub(crate) fn is_wanted(&self) -> bool {
        self.pktgen
    }

    /// Time of a trial.
    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// What clap cannot know.
    pub(super) fn check(&self) -> Result<()> {
        let dst = self.dst.context("no destination is given")?;
        let is_ipv6 = matches!(dst, IpNet::V6(_));
        ensure!(!self.ipv6 || is_ipv6, "-6 sends IPv6, and {dst} is not");
        if let Some(src) = self.src {
            let is_same = matches!(src, IpNet::V6(_)) == is_ipv6;
            ensure!(is_same, "{src} and {dst} are not of one family");
        }
        Ok(())
    }
}

/// How fast to send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rate {
    /// Packets a second.
    Packets(f64),
    /// Bits a second on the wire.
    Bits(f64),
}

impl Rate {
    /// Packets a second, of frames of `size` bytes as pktgen counts them.
    pub(super) fn packets(self, size: u64) -> f64 {
        match self {
            Self::Packets(rate) => rate,
            Self::Bits(rate) => rate / ((size + WIRE_OVERHEAD) * 8) as f64,
        }
    }
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.');
        let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
        let number: f64 = number.parse().context("a rate begins with a number")?;
        ensure!(number > 0.0, "a rate is more than nothing");
        let rate = match unit {
            "" | "pps" => Self::Packets(number),
            "k" | "kpps" => Self::Packets(number * 1e3),
            "M" | "Mpps" => Self::Packets(number * 1e6),
            "Mbit" => Self::Bits(number * 1e6),
            "Gbit" => Self::Bits(number * 1e9),
            _ => bail!("`{unit}` is none of k, M, Mbit, Gbit"),
        };
        Ok(rate)
    }
}

fn addresses(text: &str) -> Result<IpNet> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    let parsed = text.parse::<IpNet>().or_else(|_| one());
    parsed.context("it is neither an address nor a CIDR range")
}

fn ports(text: &str) -> Result<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let ports = first.parse()?..=last.parse()?;
    ensure!(!ports.is_empty(), "the last port is below the first");
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_packets_unless_they_say_bits() {
        let packets = ["750", "500k", "1.5M", "2Mpps"].map(|text| text.parse::<Rate>().unwrap());
        let wanted = [750.0, 500e3, 1.5e6, 2e6].map(Rate::Packets);
        assert_eq!(packets, wanted);
        assert_eq!("10Gbit".parse::<Rate>().unwrap(), Rate::Bits(10e9));
        for wrong in ["", "fast", "5Tbit", "0", "-1"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ten_gigabit_of_the_smallest_frames_are_14_88_million_packets() {
        let rate = Rate::Bits(10e9).packets(60);
        assert_eq!(rate.round(), 14_880_952.0);
    }

    #[test]
    fn an_address_is_a_range_of_one() {
        assert_eq!(addresses("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert_eq!(addresses("fd00::/64").unwrap().to_string(), "fd00::/64");
        assert!(addresses("10.0.0.0/33").is_err());
    }

    #[test]
    fn ports_are_one_or_a_range_that_is_not_empty() {
        assert_eq!(ports("9").unwrap(), 9..=9);
        assert_eq!(ports("1000-1063").unwrap().count(), 64);
        assert!(ports("10-9").is_err() && ports("70000").is_err());
    }
}

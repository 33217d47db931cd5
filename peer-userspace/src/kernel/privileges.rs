//! Whether this process may do what peerd does.

use super::KernelError;

const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// # Errors
/// Names the capabilities that are missing (capabilities(7)).
pub fn check() -> Result<(), KernelError> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let missing = missing(&status);
    if missing.is_empty() {
        return Ok(());
    }
    Err(KernelError::Privileges {
        missing: missing.join(" and "),
    })
}

fn missing(status: &str) -> Vec<&'static str> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or_default();
    let has = |capability: u32| effective & (1 << capability) != 0;
    let mut missing = Vec::new();
    if !has(CAP_BPF) && !has(CAP_SYS_ADMIN) {
        missing.push("CAP_BPF");
    }
    // The verifier lets only such programs compute with packet pointers freely.
    if !has(CAP_PERFMON) && !has(CAP_SYS_ADMIN) {
        missing.push("CAP_PERFMON");
    }
    if !has(CAP_NET_ADMIN) {
        missing.push("CAP_NET_ADMIN");
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(missing("CapEff:\t000001ffffffffff\n"), Vec::<&str>::new());
        assert_eq!(
            missing("CapEff:\t0000000000000000\n"),
            ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]
        );
        assert_eq!(missing("CapEff:\t000000c000001000\n"), Vec::<&str>::new());
        assert_eq!(missing("CapEff:\t0000000000201000\n"), Vec::<&str>::new());
        assert_eq!(missing("CapEff:\t000000c000000000\n"), ["CAP_NET_ADMIN"]);
    }
}

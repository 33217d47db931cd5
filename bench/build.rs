//! Builds the benchmark's own BPF programs.

fn main() -> anyhow::Result<()> {
    ebpf_build::build("bench-ebpf", &[])
}

//! Builds the BPF object.

fn main() -> anyhow::Result<()> {
    ebpf_build::build("peer-ebpf", &["peer-common"])
}

//! Which part may know what (docs/architecture.md).

use std::{fs, path::Path};

/// Folders whose outcome depends on their arguments alone.
const PURE: [&str; 6] = [
    "compile",
    "dialect",
    "host",
    "lifecycle",
    "model",
    "telemetry",
];

/// What would make it depend on something else.
const IMPURE: [&str; 10] = [
    "aya::",
    "axum",
    "libc::",
    "netlink",
    "rustix",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "SystemTime",
    "tokio",
];

#[test]
fn the_pure_part_knows_no_kernel_no_files_and_no_clock() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    for folder in PURE {
        for entry in fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for word in IMPURE {
                    assert!(
                        !code.contains(word),
                        "{}:{}: {word}",
                        path.display(),
                        number + 1
                    );
                }
            }
            read += 1;
        }
    }
    assert!(read > 20, "only {read} files");
}

#[test]
fn only_the_kernel_edge_names_aya_and_netlink() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for folder in ["api", "client", "daemon", "store", "bin"] {
        for entry in fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            for word in ["aya::", "netlink_", "libc::"] {
                assert!(!text.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

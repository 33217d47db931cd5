//! Which part may know what (docs/architecture.md).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

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

/// Every file in a folder of `src`, and in those inside of it, with its text.
fn files(folder: &str) -> io::Result<Vec<(PathBuf, String)>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path)?;
                files.push((path, text));
            }
        }
    }
    Ok(files)
}

#[test]
fn the_pure_part_knows_no_kernel_no_files_and_no_clock() -> io::Result<()> {
    let mut read = 0;
    for folder in PURE {
        for (path, text) in files(folder)? {
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
    Ok(())
}

#[test]
fn only_the_kernel_edge_names_aya_and_netlink() -> io::Result<()> {
    for folder in ["api", "client", "daemon", "store", "bin"] {
        for (path, text) in files(folder)? {
            for word in ["aya::", "netlink_", "libc::"] {
                assert!(!text.contains(word), "{}: {word}", path.display());
            }
        }
    }
    Ok(())
}

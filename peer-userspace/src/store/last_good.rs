//! A copy of each table file's last good version, so that a file broken while the
//! daemon was away withdraws nothing when it comes back.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The copies, in one directory.
pub(super) struct LastGood {
    dir: PathBuf,
}

impl LastGood {
    /// Copies below `state_dir`, which is made if it is missing.
    pub(super) fn open(state_dir: &Path) -> io::Result<Self> {
        let dir = state_dir.join("tables");
        fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    /// The last good version of `file`.
    pub(super) fn load(&self, file: &Path) -> Option<String> {
        fs::read_to_string(self.path(file)).ok()
    }

    /// Keep `text`: whole or not at all, whenever the machine stops.
    pub(super) fn save(&self, file: &Path, text: &str) -> io::Result<()> {
        let path = self.path(file);
        let new = path.with_extension("new");
        fs::write(&new, text)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(new, path)
    }

    /// Forget `file`.
    pub(super) fn forget(&self, file: &Path) {
        // What is not there need not be forgotten.
        let _ = fs::remove_file(self.path(file));
    }

    /// Forget every file but these: what was withdrawn by taking its file away must
    /// not come back with a broken one of the same name.
    pub(super) fn retain(&self, files: &[PathBuf]) {
        let kept: Vec<PathBuf> = files.iter().map(|file| self.path(file)).collect();
        for copy in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if !kept.contains(&copy.path()) {
                let _ = fs::remove_file(copy.path());
            }
        }
    }

    /// The file's whole path, as one name.
    fn path(&self, file: &Path) -> PathBuf {
        let mut name = String::new();
        for byte in file.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
                    name.push(char::from(*byte))
                }
                other => name.push_str(&format!("%{other:02x}")),
            }
        }
        self.dir.join(format!("{name}.yaml"))
    }
}

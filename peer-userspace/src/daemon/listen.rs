//! The API's unix socket: never taken from a daemon that answers on it.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use tokio::net::UnixListener;

/// A socket and the file that leads to it.
pub(super) struct Socket {
    pub(super) listener: UnixListener,
    pub(super) file: SocketFile,
}

/// The file, as it was made.
pub(super) struct SocketFile {
    path: PathBuf,
    inode: Option<(u64, u64)>,
}

impl Socket {
    /// Listen on `path`, which its owner and group may use. A socket left behind by
    /// a daemon that was killed is replaced.
    pub(super) fn bind(path: &Path) -> Result<Self> {
        let context = || format!("cannot listen on {}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(context)?;
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(context),
            Ok(found) if !found.file_type().is_socket() => {
                bail!("cannot listen on {}: it is no socket", path.display());
            }
            Ok(_) if UnixStream::connect(path).is_ok() => {
                bail!("another daemon answers on {}", path.display());
            }
            Ok(_) => fs::remove_file(path).with_context(context)?,
        }
        let listener = UnixListener::bind(path).with_context(context)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o660)).with_context(context)?;
        let file = SocketFile {
            path: path.to_owned(),
            inode: inode(path),
        };
        Ok(Self { listener, file })
    }
}

impl SocketFile {
    /// Remove the file, unless it is another's by now.
    pub(super) fn remove(&self) {
        if inode(&self.path) == self.inode {
            // One left behind is replaced by the next daemon.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

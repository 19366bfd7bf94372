//! Windows: a junction counts as a link, and the room on disk is estimated.
//!
//! Files are opened to be looked at in a way that lets others rename and delete them meanwhile.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt as _,
    path::Path,
    time::SystemTime,
};

use crate::files::facts::{EntryKind, FileFacts, FileId, Seen, Size, named};

/// Folders are opened like files.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// A link is opened itself.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// The state of a path.
pub(in crate::files) fn facts(path: &Path) -> io::Result<FileFacts> {
    let mut options = OpenOptions::new();
    options.access_mode(0).custom_flags(BACKUP_SEMANTICS | OPEN_REPARSE_POINT);
    let file = options.open(path).map_err(|error| named(path, error))?;
    let told = winapi_util::file::information(&file).map_err(|error| named(path, error))?;
    let metadata = file.metadata().map_err(|error| named(path, error))?;
    let id = FileId { device: told.volume_serial_number(), inode: told.file_index() };
    Ok(facts_of(&metadata, id, told.number_of_links()))
}

fn facts_of(metadata: &Metadata, id: FileId, links: u64) -> FileFacts {
    /// The size of clusters on nearly every disk; the system tells no file's own room.
    const CLUSTER: u64 = 4096;
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_dir() => EntryKind::Folder,
        _ => EntryKind::File,
    };
    let apparent = metadata.len();
    FileFacts {
        kind,
        size: Size { on_disk: apparent.next_multiple_of(CLUSTER), apparent },
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        accessed: metadata.accessed().unwrap_or(SystemTime::UNIX_EPOCH),
        id,
        links: if kind == EntryKind::Folder { 1 } else { links },
    }
}

/// Opens a file to read it.
pub(in crate::files) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path).map_err(|error| named(path, error))
}

/// Opens a file to read it without a trace in its time of last access, which Windows seldom keeps anyway.
pub(in crate::files) fn open_untouched(_path: &Path) -> Option<File> {
    None
}

/// No path is too long that another one led to.
pub(in crate::files) fn too_deep(_path: &Path, _each: impl FnMut(FileFacts)) {}

/// Hands on what is in a folder, unless it is on another volume. Entries that vanish while being read are skipped:
/// builds go on beside us.
pub(in crate::files) fn list(folder: &Path, device: u64, mut each: impl FnMut(Seen<'_>)) -> io::Result<()> {
    let own = match facts(folder) {
        Ok(own) if own.kind == EntryKind::Folder && own.id.device == device => own,
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    each(Seen::Itself(own));
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        match facts(&entry.path()) {
            Ok(facts) if facts.kind == EntryKind::Folder => each(Seen::Folder(&entry.file_name())),
            Ok(facts) => each(Seen::Inside(&entry.file_name(), facts)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

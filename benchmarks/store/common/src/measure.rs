//! What a program has taken of the machine.

use std::fs;
use std::path::Path;

use crate::Failure;

/// The most memory that the process has had at once, in bytes. Linux only.
pub fn peak_memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.ok_or("/proc/self/status does not say VmHWM")?.trim().parse::<u64>()? * 1_024)
}

/// The bytes of all files of a folder.
pub fn disk(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { disk(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

//! SQLite's file system, with somebody listening.
//!
//! Owns the way from SQLite to the real file system ("unix") and back, and the syncs that the store
//! makes past SQLite. Decides nothing: what is logged, fails or waits is the [`Disk`]'s to say. A
//! file of no watched folder passes through. Syncs are not passed on: no real power is cut here, and
//! the disk's log says what was synced.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::disk::{Disk, FileId};

/// An open file: what SQLite sees, who listens, and behind it in memory the real file.
#[repr(C)]
struct ShimFile {
    base: sqlite3_file,
    /// From `Box::into_raw`, or null if nobody listens.
    seat: *mut Seat,
}

/// A file of a watched folder.
struct Seat {
    disk: Arc<Disk>,
    file: FileId,
}

struct Installed {
    real: *mut sqlite3_vfs,
}

// SAFETY: the pointer is to a VFS of SQLite, which lives as long as the program, is written by
// nobody after it was registered, and may be used from every thread.
unsafe impl Send for Installed {}
// SAFETY: as above.
unsafe impl Sync for Installed {}

static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
    // SAFETY: the name is a C string; the answer is a VFS that lives as long as the program.
    let real = unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) };
    assert!(!real.is_null(), "SQLite has no file system `unix`");
    // SAFETY: it was found, and SQLite does not change it.
    let mut shim = unsafe { *real };
    shim.zName = c"vitae-crash".as_ptr();
    shim.szOsFile += c_int::try_from(size_of::<ShimFile>()).unwrap();
    shim.pNext = std::ptr::null_mut();
    shim.xOpen = Some(open);
    shim.xDelete = Some(delete);
    // SAFETY: what is leaked lives as long as the program. Its other functions are those of `unix`,
    // which take from a VFS only what was copied.
    let registered = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(shim)), 1) };
    assert_eq!(registered, ffi::SQLITE_OK);
    Installed { real }
});

/// Makes the shim the file system of every connection that is opened from now on.
pub(crate) fn install() {
    LazyLock::force(&INSTALLED);
    // Named here, so that it is linked in.
    std::hint::black_box(fsync as unsafe extern "C" fn(c_int) -> c_int);
}

/// The `fsync` of this program, in the place of the C library's: `File::sync_all` comes here.
///
/// # Safety
/// Any number may be given.
// SAFETY: the name is meant to be taken, and the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(file: c_int) -> c_int {
    let path = std::fs::read_link(format!("/proc/self/fd/{file}"));
    match path.map(|path| Disk::synced_past_sqlite(&path)) {
        Ok(Err(_)) => -1,
        _ => 0,
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // With shared memory, without memory-mapped reading, which nobody could listen to.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let shim = file.cast::<ShimFile>();
    let seat = path(&name).and_then(Disk::of).and_then(|(disk, name)| {
        let create = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let file = disk.opened(&name, create, is_journal(flags))?;
        Some(Seat { disk, file })
    });
    // SAFETY: SQLite gives as much memory as `szOsFile` asks for: for `ShimFile`, whose size is a
    // multiple of its alignment, and behind it for a file of `unix`.
    unsafe {
        let opened = INSTALLED
            .real
            .as_ref()
            .and_then(|real| real.xOpen)
            .map(|open| open(INSTALLED.real, name, shim.add(1).cast(), flags, out_flags));
        let opened = opened.unwrap_or(ffi::SQLITE_CANTOPEN);
        let seat = seat.filter(|_| opened == ffi::SQLITE_OK);
        let methods = if opened == ffi::SQLITE_OK { &raw const METHODS } else { std::ptr::null() };
        let seat = seat.map_or(std::ptr::null_mut(), |seat| Box::into_raw(Box::new(seat)));
        shim.write(ShimFile { base: sqlite3_file { pMethods: methods }, seat });
        opened
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let watched = path(&name).and_then(Disk::of);
    if let Some((disk, _)) = &watched
        && let Err(code) = disk.may_delete()
    {
        return code;
    }
    // SAFETY: the arguments are SQLite's own.
    let deleted = unsafe {
        let delete = INSTALLED.real.as_ref().and_then(|real| real.xDelete);
        delete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(INSTALLED.real, name, 0))
    };
    if let Some((disk, name)) = watched
        && deleted == ffi::SQLITE_OK
    {
        disk.deleted(&name, sync_folder != 0);
    }
    deleted
}

fn is_journal(flags: c_int) -> bool {
    let journals =
        ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
    flags & journals != 0
}

/// The path that SQLite names; none if it asks for a temporary file.
fn path(name: &*const c_char) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names are C strings that live longer than the call they are given to.
    let name = unsafe { CStr::from_ptr(*name) };
    Some(Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// Who listens to a file, if anybody.
///
/// # Safety
/// The file must have been opened by [`open`] and not yet closed.
unsafe fn seat<'a>(file: *mut sqlite3_file) -> Option<&'a Seat> {
    // SAFETY: `open` has written a `ShimFile` there, whose seat lives until `close`.
    unsafe { (*file.cast::<ShimFile>()).seat.as_ref() }
}

/// Calls a method of the real file.
macro_rules! real {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls methods only between `open` and `close`; then the real file stands
        // behind the shim's and has the methods of `unix`, all of them. The arguments are SQLite's.
        unsafe {
            let real: *mut sqlite3_file = $file.cast::<ShimFile>().add(1).cast();
            ((*(*real).pMethods).$method.unwrap())(real $(, $argument)*)
        }
    }};
}

/// Methods that nobody listens to.
macro_rules! passed_on {
    ($($name:ident = $method:ident ( $($argument:ident : $type:ty),* ) $(-> $answer:ty)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) $(-> $answer)? {
            real!(file.$method($($argument),*))
        }
    )*};
}

passed_on! {
    file_size = xFileSize(size: *mut sqlite3_int64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    check_reserved_lock = xCheckReservedLock(answer: *mut c_int) -> c_int;
    file_control = xFileControl(what: c_int, argument: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    device_characteristics = xDeviceCharacteristics() -> c_int;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, at: *mut *mut c_void) -> c_int;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int;
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let closed = real!(file.xClose());
    // SAFETY: the seat came from a box, and SQLite closes a file once.
    unsafe {
        let seat = std::mem::replace(&mut (*file.cast::<ShimFile>()).seat, std::ptr::null_mut());
        if !seat.is_null() {
            drop(Box::from_raw(seat));
        }
    }
    closed
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: see `seat`.
    if let Some(Err(code)) = unsafe { seat(file) }.map(|seat| seat.disk.may_read()) {
        return code;
    }
    real!(file.xRead(to, length, offset))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: see `seat`.
    let Some(seat) = (unsafe { seat(file) }) else {
        return real!(file.xWrite(from, length, offset));
    };
    // SAFETY: SQLite gives as many bytes as it says.
    let bytes =
        unsafe { std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(length).unwrap()) };
    let (taken, answer) = seat.disk.write(seat.file, u64::try_from(offset).unwrap(), bytes);
    if taken > 0 {
        let written = real!(file.xWrite(from, c_int::try_from(taken).unwrap(), offset));
        assert_eq!(written, ffi::SQLITE_OK, "the disk that the tests run on fails");
    }
    answer
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: see `seat`.
    if let Some(seat) = unsafe { seat(file) }
        && let Err(code) = seat.disk.truncate(seat.file, u64::try_from(size).unwrap())
    {
        return code;
    }
    real!(file.xTruncate(size))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: see `seat`.
    match unsafe { seat(file) }.map(|seat| seat.disk.sync(seat.file)) {
        Some(Err(code)) => code,
        _ => ffi::SQLITE_OK,
    }
}

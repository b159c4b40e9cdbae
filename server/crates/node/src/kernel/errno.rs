//! Error numbers of system calls (`errno(3)`, Linux on x86-64) and the words that C libraries have for them.

use std::{fmt, io};

/// Whose words an image's programs use: C libraries differ in a few messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Libc {
    /// Debian, Ubuntu, busybox.
    #[default]
    Glibc,
    /// Alpine.
    Musl,
}

macro_rules! errno {
    ($($name:ident = $number:literal, $glibc:literal $(, $musl:literal)?;)*) => {
        /// Why a system call failed.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(clippy::upper_case_acronyms, reason = "the names that errno(3) has")]
        pub(crate) enum Errno { $($name = $number,)* }

        impl Errno {
            /// The number, as nginx prints it beside the text.
            pub(crate) fn number(self) -> i32 { self as i32 }

            /// `ENOENT` and so on.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What `strerror` says in this C library.
            pub(crate) fn text(self, libc: Libc) -> &'static str {
                match (self, libc) {
                    $($((Self::$name, Libc::Musl) => $musl,)? (Self::$name, _) => $glibc,)*
                }
            }
        }
    };
}

errno! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    ESRCH = 3, "No such process";
    EINTR = 4, "Interrupted system call";
    EIO = 5, "Input/output error", "I/O error";
    ENXIO = 6, "No such device or address";
    E2BIG = 7, "Argument list too long";
    ENOEXEC = 8, "Exec format error";
    EBADF = 9, "Bad file descriptor";
    ECHILD = 10, "No child processes", "No child process";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory", "Out of memory";
    EACCES = 13, "Permission denied";
    EBUSY = 16, "Device or resource busy", "Resource busy";
    EEXIST = 17, "File exists";
    EXDEV = 18, "Invalid cross-device link", "Cross-device link";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    EMFILE = 24, "Too many open files", "No file descriptors available";
    ENOTTY = 25, "Inappropriate ioctl for device", "Not a tty";
    EFBIG = 27, "File too large";
    ENOSPC = 28, "No space left on device";
    ESPIPE = 29, "Illegal seek", "Invalid seek";
    EROFS = 30, "Read-only file system";
    EMLINK = 31, "Too many links";
    EPIPE = 32, "Broken pipe";
    ENAMETOOLONG = 36, "File name too long", "Filename too long";
    ENOTEMPTY = 39, "Directory not empty";
    ELOOP = 40, "Too many levels of symbolic links", "Symbolic link loop";
    EADDRINUSE = 98, "Address already in use", "Address in use";
    EADDRNOTAVAIL = 99, "Cannot assign requested address", "Address not available";
    ENETUNREACH = 101, "Network is unreachable", "Network unreachable";
    ECONNRESET = 104, "Connection reset by peer";
    ENOTCONN = 107, "Transport endpoint is not connected", "Socket not connected";
    ETIMEDOUT = 110, "Connection timed out", "Operation timed out";
    ECONNREFUSED = 111, "Connection refused";
    EHOSTUNREACH = 113, "No route to host", "Host is unreachable";
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(Libc::Glibc))
    }
}

impl std::error::Error for Errno {}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::EPIPE,
            io::ErrorKind::ConnectionReset => Self::ECONNRESET,
            _ => Self::EIO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, Libc};

    #[test]
    fn words_follow_the_c_library() {
        assert_eq!(Errno::EADDRINUSE.text(Libc::Glibc), "Address already in use");
        assert_eq!(Errno::EADDRINUSE.text(Libc::Musl), "Address in use");
        assert_eq!(Errno::ENOENT.text(Libc::Musl), "No such file or directory");
        assert_eq!(Errno::ENOENT.number(), 2);
    }
}

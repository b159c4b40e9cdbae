//! The compiler for the browser.
//!
//! Users have it by `rustup target add wasm32-unknown-unknown`. Where rustup cannot fetch targets, Debian's
//! `rustc-web` compiles for WebAssembly with the standard library built from its own source; cargo and the linker
//! stay those of the installed toolchain.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, machine, process, say, workspace::Workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// A way to compile for the browser.
pub(crate) enum Toolchain {
    /// The installed toolchain has the target.
    Rustup,
    /// Debian's compiler, the standard library from source, this linker.
    Debian {
        /// The installed toolchain's `rust-lld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds a toolchain, or installs one. `PODLAB_WASM=debian` skips rustup, to try the other way.
    pub(crate) fn find_or_install(workspace: &Workspace) -> Result<Self> {
        let rustup_wanted = env::var_os("PODLAB_WASM").is_none_or(|way| way != "debian");
        if rustup_wanted && (target_is_installed() || add_target(workspace)) {
            return Ok(Self::Rustup);
        }
        if !debian_is_installed() {
            machine::install(
                "a compiler for WebAssembly",
                &["rustc-web", "rust-web-src"],
                "rustup target add wasm32-unknown-unknown",
            )?;
        }
        if !debian_is_installed() {
            return Err(format!(
                "neither `rustup target add {TARGET}` nor Debian's packages rustc-web and rust-web-src gave a compiler \
                 for WebAssembly; make the first work and run this again"
            ));
        }
        Ok(Self::Debian { linker: rust_lld()? })
    }

    /// A cargo command that compiles for the browser, into a target directory of its own.
    pub(crate) fn cargo(&self, workspace: &Workspace) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&workspace.root).args(["build", "--target", TARGET]);
        cargo.env("CARGO_TARGET_DIR", self.target_directory(workspace));
        // Flags of the server's build (coverage, a CPU) mean nothing to the browser's.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Self::Debian { linker } = self {
            cargo
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        cargo
    }

    /// Where cargo leaves what it compiled with `profile`.
    pub(crate) fn output(&self, workspace: &Workspace, profile: &str) -> PathBuf {
        self.target_directory(workspace).join(TARGET).join(profile)
    }

    fn target_directory(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join(match self {
            Self::Rustup => "wasm",
            Self::Debian { .. } => "wasm-debian",
        })
    }
}

fn target_is_installed() -> bool {
    sysroot().is_ok_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn add_target(workspace: &Workspace) -> bool {
    if !process::answers("rustup") {
        return false;
    }
    say("Adding the WebAssembly target (rustup target add wasm32-unknown-unknown)");
    let added =
        process::run(Command::new("rustup").current_dir(&workspace.root).args(["target", "add", TARGET]));
    match added {
        Ok(()) => target_is_installed(),
        Err(why) => {
            println!("    {why}; trying the system's packages instead");
            false
        }
    }
}

fn debian_is_installed() -> bool {
    Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_SOURCE).exists()
}

fn sysroot() -> Result<PathBuf> {
    process::output(Command::new("rustc").args(["--print", "sysroot"])).map(PathBuf::from)
}

fn rust_lld() -> Result<PathBuf> {
    let host = process::output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let linker = sysroot()?.join("lib/rustlib").join(host).join("bin/rust-lld");
    if linker.exists() {
        Ok(linker)
    } else {
        Err(format!(
            "{} is missing; reinstall the toolchain with `rustup toolchain install stable`",
            linker.display()
        ))
    }
}

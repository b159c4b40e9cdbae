//! The browser's files: WebAssembly and its glue, the editor, the style sheet, each also compressed.

use std::{fs, path::Path, process::Command};

use crate::{Result, machine, process, say, stamp::Stamp, wasm::Toolchain, workspace::Workspace};

const NAME: &str = "podlab";
const PROFILE: &str = "wasm-release";

/// Builds what the browser loads into `target/site/pkg`.
pub(crate) fn build(workspace: &Workspace) -> Result {
    let toolchain = Toolchain::find_or_install(workspace)?;
    machine::node_packages(workspace)?;
    say("Building the pages for the browser (minutes the first time)");
    process::run(toolchain.cargo(workspace).args([
        "--package",
        "podlab-app",
        "--lib",
        "--no-default-features",
        "--features",
        "hydrate",
        "--profile",
        PROFILE,
    ]))?;

    let module = toolchain.output(workspace, PROFILE).join("podlab_app.wasm");
    let (js, style) = (workspace.js(), workspace.root.join("style"));
    let pkg = workspace.site().join("pkg");
    let stamp = Stamp::of(workspace, "site", &[&module, &js, &style])?;
    if stamp.is_fresh() && pkg.is_dir() {
        return Ok(());
    }
    say("Bundling scripts and styles");
    fs::create_dir_all(&pkg).map_err(|e| format!("{} could not be made: {e}", pkg.display()))?;
    bind(&module, &pkg)?;
    // esbuild, wasm-opt and the compressors are npm's: one script beside their package.json runs them.
    process::run(Command::new("node").current_dir(&js).arg("build.mjs").arg(&pkg))?;
    stamp.set()
}

/// What the command-line tool `wasm-bindgen --target web` does, in the very version of the library.
fn bind(module: &Path, pkg: &Path) -> Result {
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(module)
        .out_name(NAME)
        .web(true)
        .map(|bindgen| bindgen.typescript(false).omit_default_module_path(false))
        .and_then(|bindgen| bindgen.generate(pkg))
        .map_err(|e| format!("wasm-bindgen failed on {}: {e:#}", module.display()))
}

// Finishes what the browser loads. usage: node build.mjs PKG
//
// PKG already holds the WebAssembly and its glue (podlab_bg.wasm, podlab.js). Here the editor and the style sheet
// are bundled and all of it is made small; each file also gets its compressed twins, for the server to send.

import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import * as esbuild from "esbuild";

const pkg = process.argv[2];
if (!pkg) {
  console.error("usage: node build.mjs PKG (the folder that wasm-bindgen wrote to)");
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const targets = ["chrome125", "firefox128", "safari17.5"];

await esbuild.build({
  entryPoints: { editor: here("editor/index.js") },
  outdir: pkg,
  bundle: true,
  format: "esm",
  minify: true,
  target: targets,
  logLevel: "warning",
});
await esbuild.build({
  entryPoints: { podlab: here("../../style/main.css") },
  outdir: pkg,
  bundle: true,
  minify: true,
  target: targets,
  logLevel: "warning",
});
copyFileSync(here("../../style/favicon.svg"), join(pkg, "favicon.svg"));

// What the compiler uses and every browser of `targets` runs. wasm-opt's "all features" would go beyond them.
const features = [
  "bulk-memory",
  "bulk-memory-opt",
  "call-indirect-overlong",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
];
const glue = join(pkg, "podlab.js");
const { code } = await esbuild.transform(readFileSync(glue, "utf8"), { format: "esm", minify: true, target: targets });
writeFileSync(glue, code);

const wasm = join(pkg, "podlab_bg.wasm");
const smaller = `${wasm}.opt`;
execFileSync(process.execPath, [
  here("node_modules/binaryen/bin/wasm-opt"),
  "-Oz",
  ...features.map((feature) => `--enable-${feature}`),
  "--strip-debug",
  "--strip-producers",
  wasm,
  "-o",
  smaller,
]);
renameSync(smaller, wasm);

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
let first = 0;
for (const name of readdirSync(pkg).filter((name) => /\.(css|js|svg|wasm)$/.test(name))) {
  const path = join(pkg, name);
  const bytes = readFileSync(path);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  console.log(`    ${name}: ${kilobytes(bytes.length)}, ${kilobytes(brotli.length)} as brotli`);
  if (name !== "editor.js") first += brotli.length;
}
console.log(`    the first page, all but the editor: ${kilobytes(first)} as brotli`);

// The servers that the tests ask: podlab itself, and the preview with its made-up answers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");

/** The folder of what the browser loads, as `cargo xtask build` makes it. */
export const SITE = join(TARGET, "site");

/** A running server: its `url`, `stop()`, and `start()` to have it again at the same address. */
class Server {
  constructor(command, port, argumentsFor) {
    Object.assign(this, { command, port, argumentsFor, url: `http://127.0.0.1:${port}` });
  }

  async start() {
    this.process = spawn(this.command, this.argumentsFor(this.port), { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
    const failed = once(this.process, "error").then(([error]) => {
      throw new Error(`${this.command} could not be started: ${error.message}`);
    });
    await Promise.race([failed, this.answers()]);
    return this;
  }

  async answers() {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      if (this.process.exitCode !== null) throw new Error(`${this.command} ended with ${this.process.exitCode}`);
      const answer = await fetch(`${this.url}/`).catch(() => null);
      if (answer?.ok) return;
      await sleep(50);
    }
    throw new Error(`${this.command} did not answer at ${this.url} within 30 s`);
  }

  async stop(signal = "SIGTERM") {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
}

/** Starts the preview, for one learner who has done nothing yet. */
export async function preview() {
  return new Server(join(TARGET, "debug/examples/preview"), await freePort(), (port) => [String(port), SITE]).start();
}

/** Starts podlab with an empty database, which stays when it is stopped and started again, until `remove()`. */
export async function lab() {
  const folder = await mkdtemp(join(tmpdir(), "podlab-"));
  const database = `sqlite://${join(folder, "podlab.db")}`;
  const server = new Server(join(TARGET, "debug/podlab"), await freePort(), (port) => [
    "serve",
    "--listen",
    `127.0.0.1:${port}`,
    "--database",
    database,
    "--site",
    SITE,
    "--cluster",
    "embedded",
  ]);
  server.remove = async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  };
  return server.start();
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

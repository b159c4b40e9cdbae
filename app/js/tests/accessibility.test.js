// axe finds nothing on any page, in any state, at any width, in dark and light.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { open, submit, useBrowser, write } from "./browser.js";
import { preview } from "./servers.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const SIZES = [
  [375, 812],
  [800, 1024],
  [1000, 800],
  [1440, 900],
];

const STATES = {
  catalogue: (page) => open(page, "/"),
  "catalogue without a match": async (page) => {
    await open(page, "/?q=nothing");
  },
  "a new exercise": (page) => open(page, "/exercises/drain"),
  "a failed submission": async (page) => {
    await open(page, "/exercises/pair");
    await show(page, "Manifest");
    await write(page, "kind: Pod\n");
    await submit(page);
    await page.locator(".check details").first().waitFor();
  },
  "problems in the manifest": async (page) => {
    await open(page, "/exercises/pair");
    await show(page, "Manifest");
    await write(page, "# preview: problems\n\n\n\n\n\n\n\n");
    await submit(page);
  },
  "a passed submission": async (page) => {
    await open(page, "/exercises/proxy");
    await show(page, "Manifest");
    await write(page, "# preview: pass\n");
    await submit(page);
    await page.locator(".solution").first().waitFor({ state: "attached" });
  },
  "a question": async (page) => {
    await open(page, "/exercises/pair");
    await page.getByRole("button", { name: "Reset…" }).click();
  },
  progress: (page) => open(page, "/progress"),
  "no such page": (page) => open(page, "/nowhere"),
};

async function show(page, tab) {
  const label = page.locator(".tab", { hasText: tab });
  if (await label.isVisible()) await label.click();
}

async function violations(page) {
  // The page's policy lets no foreign script in, so axe comes in through the debugger.
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ target }) => target).join(", ")}`);
}

for (const [state, reach] of Object.entries(STATES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${state}, ${colorScheme}`, async () => {
      for (const [width, height] of SIZES) {
        await browser.visit(
          server.url,
          async (page) => {
            await reach(page);
            assert.deepEqual(await violations(page), [], `at ${width} px`);
          },
          { viewport: { width, height }, colorScheme, expected: /404/ },
        );
      }
    });
  }
}

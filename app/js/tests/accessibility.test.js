// axe finds nothing on any page, in any state, at any width, in light and dark.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { open, submit, useBrowser, write } from "./browser.js";
import { preview } from "./servers.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

// One column, a drawer beside two, three.
const WIDTHS = [375, 1000, 1440];

const STATES = {
  catalogue: (page) => open(page, "/"),
  "catalogue without a match": (page) => open(page, "/?q=nothing"),
  "a new exercise": (page) => open(page, "/exercises/drain"),
  "a failed submission": async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "kind: Pod\n");
    await submit(page);
    await page.locator(".check details").first().waitFor();
  },
  "problems in the manifest": async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "# preview: problems\n\n\n\n\n\n\n\n");
    await submit(page);
  },
  "a passed submission": async (page) => {
    await open(page, "/exercises/proxy");
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

for (const [state, reach] of Object.entries(STATES)) {
  test(state, () =>
    browser.visit(
      server.url,
      async (page) => {
        await reach(page);
        // The page's policy lets no foreign script in, so axe comes in through the debugger.
        await page.evaluate(await readFile(AXE, "utf8"));
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            for await (const part of parts(page)) {
              assert.deepEqual(await violations(page), [], [colorScheme, `${width} px`, part].join(", "));
            }
          }
        }
      },
      { reducedMotion: "reduce", expected: /404/ },
    ),
  );
}

/** Shows what has to be looked at one by one: the tabs, where there are any and no question lies over them. */
async function* parts(page) {
  const tabs = page.locator(".tab:visible");
  if ((await tabs.count()) === 0 || (await page.locator("dialog[open]").count()) > 0) return yield "all";
  for (const tab of await tabs.all()) {
    await tab.click();
    yield await tab.innerText();
  }
}

async function violations(page) {
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ target }) => target).join(", ")}`);
}

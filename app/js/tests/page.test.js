// What is around every page: its policy, its theme, its errors, its weight.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { open, useBrowser } from "./browser.js";
import { preview, SITE } from "./servers.js";

const PKG = join(SITE, "pkg");
const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

test("the policy lets nothing in but what podlab sends", async () => {
  const [one, two] = await Promise.all([fetch(server.url), fetch(server.url)]);
  const policy = one.headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(part), part);
  }
  assert.ok(!/unsafe-inline|'unsafe-eval'|\*/.test(policy), policy);
  assert.notEqual(policy, two.headers.get("content-security-policy"), "the nonce is used once");
  assert.ok(!/ style="/.test(await one.text()), "no style attributes");
});

test("what the browser loads is there, under the type that it insists on", async () => {
  const types = { "podlab_bg.wasm": "application/wasm", "podlab.js": "text/javascript", "editor.js": "text/javascript" };
  for (const [name, type] of Object.entries({ ...types, "podlab.css": "text/css", "favicon.svg": "image/svg+xml" })) {
    const answer = await fetch(`${server.url}/pkg/${name}`);
    assert.equal(answer.status, 200, `${name}: run \`cargo xtask build\``);
    assert.ok(answer.headers.get("content-type").startsWith(type), `${name}: ${answer.headers.get("content-type")}`);
    await answer.body.cancel();
  }
});

test("the theme follows the system, until the learner chooses; the choice is there at the first paint", () =>
  browser.visit(
    server.url,
    async (page) => {
      const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
      await open(page, "/");
      assert.equal(await scheme(), "light dark");
      await page.getByRole("button", { name: "Theme: system. Switch to dark" }).click();
      assert.equal(await scheme(), "dark");
      await page.route("**/*.wasm", (route) => route.abort());
      await page.reload({ waitUntil: "commit" });
      await page.waitForSelector("h1");
      assert.equal(await scheme(), "dark");
    },
    { colorScheme: "light", expected: /ERR_FAILED|Failed to fetch|wasm/i },
  ));

test("an unknown page, exercise or submission is a page with a way on, and status 404", async () => {
  for (const path of ["/nowhere", "/exercises/nothing", "/exercises/pair?submission=999", "/exercises/pair?submission=x"]) {
    const answer = await fetch(`${server.url}${path}`);
    assert.equal(answer.status, 404, path);
    assert.match(await answer.text(), /Go to the catalogue/, path);
  }
});

test("hostile addresses are answered, not crashed on", async () => {
  const paths = ["//", "/%00", "/%ff", "/exercises/%2e%2e%2f", "/exercises/<script>", "/?q=%ff%fe", "/exercises/pair?submission=-1"];
  for (const path of [...paths, `/exercises/${"x".repeat(5000)}`, `/?q=${"%3Cscript%3E".repeat(100)}`]) {
    const answer = await fetch(`${server.url}${path}`);
    assert.ok(answer.status < 500, `${answer.status} for ${path.slice(0, 60)}`);
    assert.ok(!(await answer.text()).includes("<script>alert"), path);
  }
});

test("a page that cannot be fetched says so, and can be tried again", () =>
  browser.visit(
    server.url,
    async (page) => {
      await open(page, "/");
      await page.route("**/api/v1/progress", (route) => route.abort());
      await page.getByRole("link", { name: "Progress" }).click();
      await page.getByRole("heading", { name: "podlab does not answer" }).waitFor();
      await page.unroute("**/api/v1/progress");
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByRole("heading", { name: "Progress" }).waitFor();
    },
    { expected: /Failed to load resource/ },
  ));

test("no page scrolls sideways at any width", () =>
  browser.visit(server.url, async (page) => {
    for (const path of ["/", "/exercises/drain", "/progress", "/nowhere"]) {
      for (const width of [320, 375, 600, 800, 899, 900, 1199, 1200, 1440, 2560]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(path);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${path} at ${width} px is ${over} px too wide`);
      }
    }
  }, { expected: /404/ }));

test("on a phone the submit button is within a thumb's reach, whichever part is shown", () =>
  browser.visit(
    server.url,
    async (page) => {
      await open(page, "/exercises/pair");
      for (const tab of ["Brief", "Manifest", "Verdict"]) {
        await page.locator(".tab", { hasText: tab }).click();
        const { y, height } = await page.getByRole("button", { name: "Submit" }).boundingBox();
        assert.ok(y + height <= 812 && y > 600 && height >= 44, `${tab}: ${y} + ${height}`);
      }
    },
    { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true },
  ));

test("the first page without the editor weighs 400 kB or less, compressed", async () => {
  const sizes = {};
  for (const name of await readdir(PKG)) {
    if (name.endsWith(".br")) sizes[name.slice(0, -3)] = (await stat(join(PKG, name))).size;
  }
  const { "editor.js": editor, ...first } = sizes;
  const sum = Object.values(first).reduce((sum, size) => sum + size, 0);
  assert.ok(editor > 0 && first["podlab_bg.wasm"] > 0, "`cargo xtask build` has made the files");
  assert.ok(sum <= 400_000, `${sum} bytes: ${JSON.stringify(first)}`);
});

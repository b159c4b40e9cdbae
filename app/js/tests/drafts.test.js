// Nothing that a learner types is ever lost.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { hydrated, manifest, open, submit, useBrowser, verdict, write } from "./browser.js";
import { preview } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const OFFLINE = /Failed to load resource/;

test("a draft is saved while one types, and is there after a reload", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "kept: true\n");
    await page.getByText("Draft saved").waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem("podlab:draft:pair")), null);
    await page.reload();
    await hydrated(page);
    assert.equal(await manifest(page), "kept: true\n");
  }));

test("a page left before the draft was sent brings it back, and then saves it", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/proxy");
    await write(page, "in: haste\n");
    await page.reload();
    await hydrated(page);
    assert.equal(await manifest(page), "in: haste\n");
    await page.getByText("What you typed last is back").waitFor();
    await page.waitForFunction(() => localStorage.getItem("podlab:draft:proxy") === null);
  }));

test("without a connection the draft is kept, said so, and saved once there is one", () =>
  browser.visit(
    server.url,
    async (page, context) => {
      await open(page, "/exercises/adapters");
      await context.setOffline(true);
      await write(page, "no: network\n");
      await page.getByText("Your draft is kept in this browser.").waitFor();
      await context.setOffline(false);
      await page.getByText("Draft saved").waitFor();
    },
    { expected: OFFLINE },
  ));

test("a submission without a connection says so, and can be sent again", () =>
  browser.visit(
    server.url,
    async (page, context) => {
      await open(page, "/exercises/adapters");
      await context.setOffline(true);
      await page.getByRole("button", { name: "Submit" }).click();
      await page.getByText("Not submitted.").waitFor();
      await context.setOffline(false);
      await submit(page);
    },
    { expected: OFFLINE },
  ));

test("a grading goes on through a lost connection, and its verdict arrives", () =>
  browser.visit(
    server.url,
    async (page) => {
      await open(page, "/exercises/trio");
      await write(page, "# preview: slow\n");
      let cut = 0;
      await page.route("**/events", (route) => (cut++ < 2 ? route.abort("connectionreset") : route.continue()));
      await page.getByRole("button", { name: "Submit" }).click();
      await page.getByText("Connection to podlab lost.").waitFor();
      assert.match(await verdict(page), /2 of 5 checks pass/);
      assert.equal(cut, 3);
    },
    { expected: OFFLINE },
  ));

test("a page opened while a grading runs follows it", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/drain");
    await write(page, "# preview: slow\n");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.locator(".check[data-outcome=pass]").first().waitFor();
    await page.reload();
    await hydrated(page);
    assert.match(await verdict(page), /2 of 5 checks pass/);
  }));

test("what is typed before the page is hydrated stays", () =>
  browser.visit(server.url, async (page) => {
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route("**/*.wasm", async (route) => held.then(() => route.continue()));
    await page.goto("/exercises/drain", { waitUntil: "commit" });
    await page.locator(".editor__plain").fill("early: bird\n");
    letGo();
    await hydrated(page);
    assert.equal(await manifest(page), "early: bird\n");
    assert.match(await page.locator(".cm-content").innerText(), /early: bird/);
  }));

// Everything can be done from the keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { hydrated, manifest, open, useBrowser, verdict } from "./browser.js";
import { preview } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.className);

test("g c, g p and / go where they say, and the heading gets the focus", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.waitForURL("**/progress");
    await page.waitForFunction(() => document.activeElement.tagName === "H1");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForURL((url) => url.pathname === "/");
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.waitForURL("**/progress");
    await page.keyboard.press("/");
    await page.waitForFunction(() => document.activeElement.id === "search");
  }));

test("? lists the keys, Escape closes the list", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    await page.keyboard.press("?");
    const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await list.waitFor();
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "hidden" });
  }));

test("keys pressed in a text are text", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    await page.locator("#search").focus();
    await page.keyboard.type("gp?/");
    assert.equal(await page.locator("#search").inputValue(), "gp?/");
    assert.equal(new URL(page.url()).pathname, "/");
  }));

test("Tab indents in the editor, Escape leads to the submit button", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Tab");
    assert.match(await manifest(page), /^ {2}apiVersion/);
    await page.keyboard.press("Escape");
    assert.equal(await focused(page), "submit");
    await page.keyboard.press("Enter");
    await verdict(page);
  }));

test("Control-Enter submits without adding a line", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    const before = await manifest(page);
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+Enter");
    await verdict(page);
    assert.equal(await manifest(page), before);
  }));

test("columns can be moved by the arrow keys and by dragging, and stay so", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    const width = () => page.locator("#brief").evaluate((brief) => brief.getBoundingClientRect().width);
    const usual = await width();
    const line = page.getByRole("separator", { name: "Width of the brief" });
    await line.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const wider = await width();
    assert.ok(wider > usual + 40, `${usual} -> ${wider}`);
    await page.reload();
    await hydrated(page);
    assert.equal(Math.round(await width()), Math.round(wider));

    const box = await line.boundingBox();
    await page.mouse.move(box.x, 300);
    await page.mouse.down();
    await page.mouse.move(box.x - 200, 300, { steps: 4 });
    await page.mouse.up();
    assert.ok(Math.abs((await width()) - (wider - 200)) < 5);
    await line.dblclick();
    assert.equal(Math.round(await width()), Math.round(usual));
  }));

test("the first Tab offers to skip to the content", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    await page.keyboard.press("Tab");
    assert.match(await focused(page), /skip-link/);
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), "main");
  }));

// Before and without script the pages show what they have to show, and the form works.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { useBrowser } from "./browser.js";
import { preview } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const visit = (steps, options) => browser.visit(server.url, steps, { javaScriptEnabled: false, ...options });

test("an exercise is read, answered and graded", () =>
  visit(async (page) => {
    await page.goto("/");
    await page.locator(".lead a").click();
    await page.locator("textarea").fill("kind: Pod\nmetadata: {name: pair}\n");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.waitForURL(/\/exercises\/pair\?submission=\d+/);
    assert.match(await page.locator("#sum").innerText(), /2 of 5 checks pass: 2 of 8 points\./);
    await page.getByText("which is another volume").first().waitFor();
    assert.equal(await page.locator("textarea").inputValue(), "kind: Pod\nmetadata: {name: pair}\n");
  }));

test("reset and giving up ask, and do what they say", () =>
  visit(async (page) => {
    await page.goto("/exercises/proxy");
    const starter = await page.locator("textarea").inputValue();
    assert.match(starter, /^apiVersion/);
    await page.locator("textarea").fill("x");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("button", { name: "Reset…" }).click();
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    assert.equal(await page.locator("textarea").inputValue(), starter);
    await page.getByRole("button", { name: "Give up and show them…" }).click();
    await page.getByRole("button", { name: "Show the solutions" }).click();
    await page.locator(".solution").first().waitFor();
  }));

test("search is a form", () =>
  visit(async (page) => {
    await page.goto("/");
    await page.locator("#search").fill("volume");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/?q=volume");
    assert.match(await page.locator(".card:visible h3").first().innerText(), /Two containers, one volume/);
    assert.equal(await page.getByText("A proxy in front of a web app").first().isVisible(), false);
  }));

test("on a phone the tabs work", () =>
  visit(
    async (page) => {
      await page.goto("/exercises/trio");
      assert.equal(await page.locator("textarea").isVisible(), false);
      await page.locator(".tab", { hasText: "Manifest" }).click();
      assert.equal(await page.locator("textarea").isVisible(), true);
      assert.equal(await page.locator(".tasks").isVisible(), false);
    },
    { viewport: { width: 375, height: 812 } },
  ));

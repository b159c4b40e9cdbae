// The catalogue: what to do next, search, and the way into an exercise.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { hydrated, open, submit, useBrowser } from "./browser.js";
import { preview } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const visibleCards = (page) => page.locator(".card:visible h3 a").allInnerTexts();

test("a new learner is shown where to start", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    const lead = page.locator(".lead");
    assert.match(await lead.innerText(), /Start here\s+Two containers, one volume/);
    assert.equal(await page.locator(".card[data-next]").first().locator("h3 a").innerText(), "Two containers, one volume");
    await lead.getByRole("link", { name: "Start" }).click();
    await page.waitForURL("**/exercises/pair");
    await hydrated(page);
    assert.equal(await page.title(), "Two containers, one volume · podlab");
  }));

test("search narrows the cards while one types, and says how many are left", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    await page.keyboard.press("/");
    await page.keyboard.type("proxy NGINX");
    assert.deepEqual([...new Set(await visibleCards(page))], ["A proxy in front of a web app"]);
    await page.getByText("1 exercise matches.").waitFor();
    assert.equal(await page.locator(".lead").isVisible(), false);
    await page.keyboard.type(" nothing");
    await page.getByText("No exercise matches").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    assert.ok((await visibleCards(page)).length > 4);
  }));

test("who returns continues with what was tried last", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/proxy");
    await submit(page);
    await page.getByRole("link", { name: "Catalogue" }).click();
    await page.locator(".lead").waitFor();
    assert.match(await page.locator(".lead").innerText(), /^Continue\s+A proxy in front of a web app/);
    assert.match(await page.locator(".card[data-next]").first().innerText(), /tried\s+2 of 8 points/);
  }));

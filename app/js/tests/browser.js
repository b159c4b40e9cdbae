// A browser for the tests. Every page that it opens is watched: an error in the console, a violation of the security
// policy, or a request that leaves the machine fails the test that caused it.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser for the tests of a file, closed after them. */
export function useBrowser() {
  let browser;
  before(async () => {
    const executablePath = process.env.PODLAB_CHROMIUM ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  });
  after(() => browser?.close());

  return {
    /**
     * Runs `steps(page)` as a learner of its own, and looks afterwards whether anything went wrong on the side.
     * `expected` matches messages of the console that belong to the test.
     */
    async visit(baseURL, steps, { expected, ...options } = {}) {
      const context = await browser.newContext({ baseURL, viewport: { width: 1440, height: 900 }, ...options });
      const trouble = [];
      const page = await context.newPage();
      watch(page, baseURL, trouble);
      try {
        await steps(page, context);
        const unexpected = trouble.filter((message) => !expected?.test(message));
        assert.deepEqual(unexpected, [], "the page ran into trouble");
      } finally {
        await context.close();
      }
    },
  };
}

function watch(page, baseURL, trouble) {
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`script: ${error}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(baseURL).origin) trouble.push(`left the machine: ${request.url()}`);
  });
}

/** Opens an address, and waits until the page has been taken over by its script and its editor. */
export async function open(page, path) {
  await page.goto(path);
  await hydrated(page);
}

/** Waits until the page works as it will: hydrated, and with its editor where it has one. */
export async function hydrated(page) {
  await page.waitForFunction(() => {
    const plain = document.querySelector(".editor__plain");
    return document.documentElement.dataset.hydrated !== undefined && (!plain || plain.hidden);
  });
}

/** What stands in the editor. */
export function manifest(page) {
  return page.locator(".editor__plain").inputValue();
}

/** Replaces what stands in the editor, as a learner would. */
export async function write(page, text) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

/** Submits, and waits for the verdict. */
export async function submit(page) {
  await page.getByRole("button", { name: "Submit" }).click();
  await verdict(page);
}

/** Waits until the grading has ended, and returns the sum in words. */
export async function verdict(page) {
  await page.locator("#sum:is([data-grading=passed], [data-grading=failed])").waitFor();
  return page.locator("#sum").innerText();
}

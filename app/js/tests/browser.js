// A browser for the tests. Every page that it opens is watched: an error in the console, a violation of the security
// policy, or a request that leaves the machine fails the test that caused it.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

import { Trouble } from "./trouble.js";

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

const troubles = new WeakMap();

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
      const page = await context.newPage();
      const trouble = new Trouble(page, baseURL, expected);
      troubles.set(page, trouble);
      try {
        await steps(page, context);
        assert.deepEqual(trouble.messages, [], "the page ran into trouble");
      } finally {
        await context.close();
      }
    },
  };
}

/** Opens an address, and waits until the page has been taken over by its script and its editor. */
export async function open(page, path) {
  await page.goto(path);
  await hydrated(page);
}

/**
 * Waits until the page works as it will: hydrated, and with its editor where it has one. It fails at once when the page
 * runs into trouble, and says what; the first time it is patient, since a slow machine may still be compiling.
 */
export async function hydrated(page) {
  const trouble = troubles.get(page);
  const timeout = patience;
  try {
    await trouble.orElse(page.waitForFunction(isHydrated, null, { timeout }));
  } catch (error) {
    if (error.name !== "TimeoutError") throw error;
    const { pending } = trouble;
    const waiting = pending.length > 0 ? `no answer yet from ${pending.join(", ")}` : "every request was answered";
    throw new Error(`${page.url()} was not taken over by its script within ${timeout / 1000} s: ${waiting}`);
  }
  patience = 30_000;
}

let patience = 120_000;

function isHydrated() {
  const plain = document.querySelector(".editor__plain");
  return document.documentElement.dataset.hydrated !== undefined && (!plain || plain.hidden);
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

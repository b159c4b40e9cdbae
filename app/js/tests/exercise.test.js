// The exercise page: writing, submitting, reading the verdict, hints, reset, solutions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { manifest, open, submit, useBrowser, verdict, write } from "./browser.js";
import { preview } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await preview()));
after(() => server.stop());

const outcomes = (page) =>
  page.locator(".check").evaluateAll((rows) => rows.map((row) => row.dataset.outcome));

test("a failed submission says what was seen, what is needed, and gives hints on demand", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await submit(page);
    assert.match(await verdict(page), /2 of 5 checks pass: 2 of 8 points\.\s+13 s of cluster time in 41 ms\./);
    assert.deepEqual(await outcomes(page), ["pass", "pass", "fail", "skipped", "fail"]);

    const first = page.locator("#check-same-file");
    await first.locator("details[open]").waitFor();
    await page.waitForFunction(() => document.activeElement.closest("#check-same-file"));
    assert.match(await first.innerText(), /What was seen[\s\S]*another volume[\s\S]*Welcome to nginx![\s\S]*What is needed/);

    await first.getByRole("button", { name: "Hint 1 of 3" }).click();
    await first.getByText("Look at what each container mounts").waitFor();
    await first.getByRole("button", { name: "Hint 2 of 3" }).click();
    await first.getByRole("button", { name: "Hint 3 of 3" }).click();
    await first.getByText("mountPath: /html").waitFor();
    assert.equal(await first.getByRole("button").count(), 0);
  }));

test("checks appear one by one while a grading runs, with the cluster's time", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "# preview: slow\n");
    await page.keyboard.press("Control+Enter");
    await page.locator(".check[data-outcome=pass]").first().waitFor();
    const halfway = await outcomes(page);
    assert.ok(halfway.includes("waiting") && halfway.includes("pass"), String(halfway));
    await page.getByText(/\d s of cluster time/).waitFor();
    assert.match(await page.locator("#sum").innerText(), /Waiting for Pod pair to be ready/);
    await verdict(page);
    assert.ok(!(await outcomes(page)).includes("waiting"));
  }));

test("what is typed while a grading runs keeps the keyboard", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "# preview: slow\n");
    await page.keyboard.press("Control+Enter");
    await page.keyboard.type("# more");
    await verdict(page);
    await page.locator("#check-same-file details[open]").waitFor();
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains("cm-content")));
    await page.getByText("The editor holds something else by now.").waitFor();
    await page.getByRole("button", { name: "Bring this back" }).click();
    assert.equal(await manifest(page), "# preview: slow\n");
  }));

test("problems in the manifest stand in the verdict and at their line", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await write(page, `# preview: problems\n${"field: [1]\n---\n".repeat(5)}`);
    await submit(page);
    assert.match(await verdict(page), /3 problems in the manifest/);
    await page.waitForFunction(() => document.querySelectorAll(".cm-lint-marker-error").length === 2);

    await page.getByRole("button", { name: "Line 8" }).click();
    await page.keyboard.type("X");
    assert.match((await manifest(page)).split("\n")[7], /^field:X/);
    await page.waitForFunction(() => document.querySelectorAll(".cm-lint-marker-error").length === 1);
  }));

test("YAML that cannot be read is marked while one types", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    await write(page, "kind: Pod\nkind: Service\n");
    await page.locator(".cm-lint-marker-error").waitFor();
    await page.locator(".cm-lint-marker-error").hover();
    await page.getByText("This key stands in the same mapping twice.").waitFor();
  }));

test("passing leads on to the next exercise and to the solutions", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/pair");
    assert.equal(await page.locator(".solution").count(), 0);
    await write(page, "# preview: pass\n");
    await submit(page);
    assert.match(await verdict(page), /Passed: 5 of 5 checks, 8 of 8 points\./);
    assert.equal(await page.locator(".task[data-done]").count(), 2);
    await page.locator(".title-bar__facts").getByText("solved").waitFor();

    await page.getByRole("link", { name: "Compare with the solutions" }).click();
    await page.locator(".solution").first().getByRole("button", { name: "Put it into the editor" }).click();
    assert.match(await manifest(page), /emptyDir/);
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await manifest(page), "# preview: pass\n");

    await page.getByRole("link", { name: "Next: A proxy in front of a web app" }).click();
    await page.waitForURL("**/exercises/proxy");
    await page.getByRole("heading", { level: 1, name: "A proxy in front of a web app" }).waitFor();
  }));

test("giving up asks first, then shows the solutions", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/adapters");
    await page.getByRole("button", { name: "Give up and show them…" }).click();
    const question = page.getByRole("dialog", { name: "Give up on this exercise?" });
    await question.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await page.locator(".solution").count(), 0);
    await page.getByRole("button", { name: "Give up and show them…" }).click();
    await question.getByRole("button", { name: "Show the solutions" }).click();
    await page.locator(".solution").first().waitFor();
    await page.locator(".title-bar__facts").getByText("given up").waitFor();
  }));

test("reset asks first, brings the starter back, and can be undone", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/trio");
    const starter = await manifest(page);
    await write(page, "mine\n");
    await page.getByRole("button", { name: "Reset…" }).click();
    await page.getByRole("dialog", { name: "Start over?" }).getByRole("button", { name: "Reset" }).click();
    await page.getByText("The starter is back.").waitFor();
    assert.equal(await manifest(page), starter);
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await manifest(page), "mine\n");
  }));

test("an older submission can be looked at, and brought back", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/drain");
    await write(page, "first: 1\n");
    await submit(page);
    await write(page, "# preview: pass\n");
    await submit(page);
    await page.getByRole("link", { name: "Progress" }).click();
    await page.locator(".row", { hasText: "not passed" }).first().getByRole("link").click();
    await page.waitForURL(/exercises\/drain\?submission=\d+/);
    assert.match(await verdict(page), /2 of 5 checks pass/);
    assert.equal(await manifest(page), "# preview: pass\n");
    await page.getByRole("button", { name: "Bring this back" }).click();
    assert.equal(await manifest(page), "first: 1\n");
  }));

test("a grading that podlab could not finish says so", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/trio");
    await write(page, "# preview: interrupted\n");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("podlab stopped before this was graded.").waitFor();
    await page.getByRole("button", { name: "Submit" }).waitFor();
  }));

test("a check that podlab could not decide is not held against the learner", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/exercises/trio");
    await write(page, "# preview: error\n");
    await submit(page);
    assert.match(await verdict(page), /podlab could not decide 1 check; that is not your fault/);
  }));

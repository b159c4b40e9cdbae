// The whole path, with the real podlab: a learner solves an exercise, and finds the progress after a restart.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { hydrated, open, submit, useBrowser, verdict, write } from "./browser.js";
import { lab } from "./servers.js";

const browser = useBrowser();
let server;
before(async () => (server = await lab()));
after(() => server?.remove());

// Each container has a volume of its own: nginx goes on serving the page of its image.
const WRONG = `
apiVersion: v1
kind: Pod
metadata: {name: mc1}
spec:
  volumes:
    - {name: served, emptyDir: {}}
    - {name: written, emptyDir: {}}
  containers:
    - name: 1st
      image: nginx
      volumeMounts: [{name: served, mountPath: /usr/share/nginx/html}]
    - name: 2nd
      image: debian
      volumeMounts: [{name: written, mountPath: /html}]
      command: ["/bin/sh", "-c", "while true; do date >> /html/index.html; sleep 1; done"]
`;
const RIGHT = WRONG.replace("    - {name: written, emptyDir: {}}\n", "").replace("name: written", "name: served");

// The page goes on saving its draft while the server is away, and the browser says so.
const GONE = /ERR_(CONNECTION_(REFUSED|RESET)|EMPTY_RESPONSE).*\/api\//;

test("open, solve wrong, read the feedback, solve right, restart: the progress is still there", () =>
  browser.visit(server.url, async (page) => {
    await open(page, "/");
    await page.getByRole("link", { name: /mc1|one volume/i }).first().waitFor();
    await open(page, "/exercises/mc1");

    await write(page, WRONG);
    await submit(page);
    assert.match(await verdict(page), /\d of \d checks? pass/);
    const failure = page.locator(".check[data-outcome=fail]").first();
    assert.ok((await failure.locator(".check__body").innerText()).length > 40, "the failure is explained");
    await failure.getByRole("button", { name: /^Hint 1 of/ }).click();
    await failure.locator(".hint").waitFor();

    await write(page, RIGHT);
    await submit(page);
    assert.match(await verdict(page), /^Passed: /);
    await page.locator(".solution").first().waitFor();

    await server.stop("SIGKILL");
    await server.start();
    await page.goto("/progress");
    await hydrated(page);
    assert.match(await page.locator(".sum__words").innerText(), /^1 of \d+ exercises solved/);
    assert.equal(await page.locator("#history + ul .row").count(), 2);
    await page.goto("/");
    assert.match(await page.locator(".card", { hasText: "solved" }).first().innerText(), /solved\s+(\d+) of \1 points/);
  }, { expected: GONE }));

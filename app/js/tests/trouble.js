// What goes wrong around a page while a test drives it: errors in the console, scripts that fail, files that do not
// arrive, violations of the security policy, requests that leave the machine.

/** Listens to a page from before its first request on. */
export class Trouble {
  #messages = [];
  #listeners = new Set();
  #pending = new Set();

  /** `expected` matches messages that belong to the test. */
  constructor(page, baseURL, expected) {
    const { origin } = new URL(baseURL);
    const add = (message) => {
      if (expected?.test(message)) return;
      this.#messages.push(message);
      for (const listener of this.#listeners) listener();
    };
    page.on("console", (message) => {
      if (message.type() === "error") add(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => add(`script: ${error.name}: ${error.message}\n${error.stack}`));
    page.on("crash", () => add("the page crashed"));
    page.on("request", (request) => {
      this.#pending.add(request);
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== origin) add(`left the machine: ${url}`);
    });
    page.on("requestfinished", (request) => this.#pending.delete(request));
    page.on("requestfailed", (request) => {
      this.#pending.delete(request);
      // A page that is left takes its requests with it, and the console tells what the policy stopped.
      const { errorText } = request.failure();
      if (isFile(request) && !["net::ERR_ABORTED", "csp"].includes(errorText)) add(`${errorText}: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (isFile(response.request()) && !response.ok() && response.status() !== 304) {
        add(`status ${response.status()}: ${response.url()}`);
      }
    });
  }

  /** What went wrong so far. */
  get messages() {
    return [...this.#messages];
  }

  /** The addresses that have not answered yet. */
  get pending() {
    return [...this.#pending].map((request) => request.url());
  }

  /** Waits for `done`, but no longer than until something goes wrong. */
  async orElse(done) {
    let listener;
    const trouble = new Promise((_, reject) => {
      // What follows at once (a panic's message, then its trap) belongs to the same trouble.
      const tell = () => reject(new Error(`the page ran into trouble:\n${this.#messages.join("\n")}`));
      listener = () => setTimeout(tell, 100);
      this.#listeners.add(listener);
      if (this.#messages.length > 0) listener();
    });
    try {
      return await Promise.race([done, trouble]);
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

function isFile(request) {
  return new URL(request.url()).pathname.startsWith("/pkg/");
}

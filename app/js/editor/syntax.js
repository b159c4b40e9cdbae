// YAML's syntax, checked while one types. The grading says more and has the last word; this only spares a
// submission that could not be read.

import { parseAllDocuments } from "yaml";

// Beyond this the delay between key and letter would be felt.
const MAX_LENGTH = 200_000;
const MAX_PROBLEMS = 20;

const WORDS = {
  TAB_AS_INDENT: "A tab indents this line. YAML indents with spaces only.",
  DUPLICATE_KEY: "This key stands in the same mapping twice. Remove one of the two.",
  BAD_INDENT: "This line is indented differently from its siblings. Line it up with them.",
  MISSING_CHAR: "Something is missing here, such as a colon, a comma or a closing quote.",
};

/** The syntax errors of `text` as `[{from, to, message}]`, in order. */
export function syntaxProblems(text) {
  if (text.length > MAX_LENGTH) return [];
  const documents = parseAllDocuments(text, { logLevel: "silent", prettyErrors: false });
  return documents
    .flatMap(({ errors }) => errors)
    .slice(0, MAX_PROBLEMS)
    .map(({ code, message, pos: [from, to] }) => ({
      from: Math.min(from, text.length),
      to: Math.min(Math.max(to, from), text.length),
      message: WORDS[code] ?? message,
    }))
    .sort((a, b) => a.from - b.from);
}

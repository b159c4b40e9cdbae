// Problems in the text, shown in the gutter and under the text: those of YAML's syntax, found while one types,
// and those that a grading found, which stay at their place until their line is edited.

import { StateEffect, StateField } from "@codemirror/state";

import { syntaxProblems } from "./syntax.js";

/** Replaces the problems of the last grading: `[{line, column, message}]`. */
export const setProblems = StateEffect.define();

/** The problems of the last grading, as `[{from, to, message}]`, moving with the text around them. */
export const problems = StateField.define({
  create: () => [],
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setProblems)) return located(transaction.state.doc, effect.value);
    }
    if (!transaction.docChanged) return value;
    const { changes } = transaction;
    return value
      .filter(({ from, to }) => !changes.touchesRange(from, to))
      .map((problem) => ({ ...problem, from: changes.mapPos(problem.from), to: changes.mapPos(problem.to) }));
  },
});

/** Whether an update brought other problems. */
export function problemsChanged(update) {
  return update.startState.field(problems) !== update.state.field(problems);
}

/** All that is wrong, as CodeMirror's linter wants it. */
export function diagnostics(view) {
  const { doc } = view.state;
  const graded = view.state.field(problems);
  const gradedLines = new Set(graded.map(({ from }) => doc.lineAt(from).number));
  // Where the grading has spoken about a line, its words stand; the parser here would repeat them.
  const typed = syntaxProblems(doc.toString()).filter(({ from }) => !gradedLines.has(doc.lineAt(from).number));
  return [...graded, ...typed].map((problem) => ({ ...problem, severity: "error" }));
}

/** The offset of a line and column that count from 1, kept within the text. */
export function offsetOf(doc, line, column = 1) {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + Math.max(column - 1, 0), to);
}

function located(doc, found) {
  return found
    .filter(({ line }) => line)
    .map(({ line, column, message }) => {
      const from = offsetOf(doc, line, column ?? 1);
      return { from, to: doc.lineAt(from).to, message };
    })
    .sort((a, b) => a.from - b.from);
}

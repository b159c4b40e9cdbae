// The YAML editor. The page works with a plain <textarea>; once it is hydrated it imports this module, which
// lays CodeMirror over that textarea and keeps the two in step, so that a form post always sends what is seen.

import { EditorSelection, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { forceLinting } from "@codemirror/lint";

import { extensions } from "./extensions.js";
import { offsetOf, setProblems } from "./problems.js";

export { highlight } from "./highlight.js";

/**
 * Lays an editor over `textarea`, taking over its text, selection and focus.
 *
 * `nonce` is the page's, for the style sheets that CodeMirror adds; `onChange(text)` hears of every edit, and
 * `onLeave()` of Escape with nothing left to close.
 */
export function mount(textarea, { nonce, onChange, onLeave }) {
  const hadFocus = document.activeElement === textarea;
  const { value, selectionStart, selectionEnd, selectionDirection } = textarea;
  const backward = selectionDirection === "backward";

  const view = new EditorView({
    state: EditorState.create({
      doc: value,
      selection: backward
        ? EditorSelection.single(selectionEnd, selectionStart)
        : EditorSelection.single(selectionStart, selectionEnd),
      extensions: extensions({ nonce, labelledBy: textarea, onLeave }),
    }),
    dispatchTransactions(transactions, view) {
      view.update(transactions);
      if (transactions.some((transaction) => transaction.docChanged)) {
        textarea.value = view.state.doc.toString();
        onChange(textarea.value);
      }
    },
  });
  textarea.hidden = true;
  textarea.after(view.dom);
  if (hadFocus) view.focus();

  return {
    /** Replaces the text, as one step that undo takes back. */
    setText(text) {
      const { doc } = view.state;
      if (text === doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, scrollIntoView: true });
    },
    /** Shows `[{line, column, message}]` at their places; lines and columns count from 1. */
    setDiagnostics(problems) {
      view.dispatch({ effects: setProblems.of(problems) });
      forceLinting(view);
    },
    /** Puts the cursor at a line and column, both from 1. */
    goTo(line, column) {
      const anchor = offsetOf(view.state.doc, line, column);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    /** Gives the place back to the textarea. */
    unmount() {
      view.destroy();
      textarea.hidden = false;
    },
  };
}

// What the editor is made of.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, linter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

import { diagnostics, problems, problemsChanged } from "./problems.js";

/** Colours and type come from style/editor.css, by CodeMirror's class names: it follows the page's theme. */
export function extensions({ nonce, labelledBy, onLeave }) {
  return [
    EditorView.cspNonce.of(nonce),
    EditorView.domEventHandlers({ beforeinput: typeOverSelection }),
    EditorView.contentAttributes.of({
      "aria-label": labelledBy.getAttribute("aria-label"),
      "aria-describedby": labelledBy.getAttribute("aria-describedby"),
      spellcheck: "false",
    }),
    lineNumbers(),
    lintGutter(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightSelectionMatches(),
    search({ top: true }),
    EditorState.tabSize.of(2),
    indentUnit.of("  "),
    yaml(),
    syntaxHighlighting(classHighlighter),
    problems,
    linter(diagnostics, { delay: 400, needsRefresh: problemsChanged }),
    keymap.of([
      // The page submits on Ctrl-Enter and Cmd-Enter; here they must not insert a line first.
      { key: "Mod-Enter", run: () => true },
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      indentWithTab,
      // Tab indents, so Escape is the keyboard's way out: after it has closed a panel or a selection.
      { key: "Escape", run: (view) => leave(view, onLeave) },
      ...defaultKeymap,
    ]),
  ];
}

function leave(view, onLeave) {
  const { selection } = view.state;
  if (selection.ranges.length > 1 || !selection.main.empty) return false;
  onLeave();
  return true;
}

/**
 * Types over a selection in the browser's stead: Chrome would carry the style of what it replaces into an inline
 * style, which the page's security policy keeps out.
 */
function typeOverSelection(event, view) {
  const typesOver = event.inputType === "insertText" && event.data && !event.isComposing;
  if (!typesOver || view.state.selection.ranges.every(({ empty }) => empty)) return false;
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

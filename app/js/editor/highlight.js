// Colours for YAML that is only shown: the same classes as in the editor.

import { yamlLanguage } from "@codemirror/lang-yaml";
import { classHighlighter, highlightCode } from "@lezer/highlight";

/** Colours the YAML inside `element`, which holds text alone. */
export function highlight(element) {
  const text = element.textContent;
  const coloured = document.createDocumentFragment();
  highlightCode(
    text,
    yamlLanguage.parser.parse(text),
    classHighlighter,
    (code, classes) => {
      if (!classes) return coloured.append(code);
      const span = document.createElement("span");
      span.className = classes;
      span.textContent = code;
      coloured.append(span);
    },
    () => coloured.append("\n"),
  );
  element.replaceChildren(coloured);
}

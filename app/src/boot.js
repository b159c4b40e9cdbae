(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is switched off
    }
  };
  root.dataset.script = "";
  const theme = kept("podlab:theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  for (const column of ["brief", "verdict"]) {
    const share = Number(kept(`podlab:column:${column}`));
    if (share > 0 && share < 1) root.style.setProperty(`--column-${column}`, `${share * 100}%`);
  }
  // The nonce is for the styles of the editor, which is imported from the WebAssembly's side.
  window.podlab = { nonce: document.currentScript.nonce, load: (url) => import(url) };
})();

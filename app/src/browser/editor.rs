//! The YAML editor of `app/js/editor`, loaded when a page asks for it.

use js_sys::{Array, Object, Promise, Reflect};
use podlab_exercises::Problem;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlTextAreaElement};

const URL: &str = "/pkg/editor.js";

#[wasm_bindgen]
extern "C" {
    /// What `boot.js` left for this side.
    type Boot;

    #[wasm_bindgen(thread_local_v2, js_name = podlab)]
    static BOOT: Boot;

    #[wasm_bindgen(method, getter)]
    fn nonce(this: &Boot) -> JsValue;

    #[wasm_bindgen(method, catch)]
    fn load(this: &Boot, url: &str) -> Result<Promise, JsValue>;

    /// The module `editor.js`.
    type Module;

    #[wasm_bindgen(method, catch)]
    fn mount(this: &Module, textarea: &HtmlTextAreaElement, options: &Object) -> Result<Handle, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn highlight(this: &Module, element: &Element) -> Result<(), JsValue>;

    /// What `mount` returns.
    type Handle;

    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &Handle, text: &str);

    #[wasm_bindgen(method, js_name = setDiagnostics)]
    fn set_diagnostics(this: &Handle, problems: &Array);

    #[wasm_bindgen(method, js_name = goTo)]
    fn go_to(this: &Handle, line: u32, column: u32);

    #[wasm_bindgen(method)]
    fn unmount(this: &Handle);
}

/// An editor over a textarea; dropping it gives the place back to the textarea.
pub(crate) struct Editor {
    handle: Handle,
    _on_change: Closure<dyn FnMut(String)>,
    _on_leave: Closure<dyn FnMut()>,
}

impl Editor {
    /// Loads the editor and lays it over `textarea`, with what stands in it.
    pub(crate) async fn mount(
        textarea: &HtmlTextAreaElement,
        on_change: impl FnMut(String) + 'static,
        on_leave: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let module = module().await?;
        let on_change = Closure::<dyn FnMut(String)>::new(on_change);
        let on_leave = Closure::<dyn FnMut()>::new(on_leave);
        let options = Object::new();
        Reflect::set(&options, &"nonce".into(), &BOOT.with(Boot::nonce))?;
        Reflect::set(&options, &"onChange".into(), on_change.as_ref())?;
        Reflect::set(&options, &"onLeave".into(), on_leave.as_ref())?;
        let handle = module.mount(textarea, &options)?;
        Ok(Self { handle, _on_change: on_change, _on_leave: on_leave })
    }

    /// Replaces the text, as one step that undo takes back.
    pub(crate) fn set_text(&self, text: &str) {
        self.handle.set_text(text);
    }

    /// Shows those problems that have a line, in the gutter and under the text.
    pub(crate) fn show(&self, problems: &[Problem]) {
        let shown = Array::new();
        for Problem { message, line, column } in problems {
            let problem = Object::new();
            let fields =
                [("message", JsValue::from(message)), ("line", (*line).into()), ("column", (*column).into())];
            for (key, value) in fields {
                // A fresh object takes any field.
                let _ = Reflect::set(&problem, &key.into(), &value);
            }
            shown.push(&problem);
        }
        self.handle.set_diagnostics(&shown);
    }

    /// Puts the cursor at a line and column, both from 1.
    pub(crate) fn go_to(&self, line: u32, column: u32) {
        self.handle.go_to(line, column);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.handle.unmount();
    }
}

/// Colours YAML that is only shown; it stays plain where the module cannot be loaded.
pub(crate) async fn highlight(element: Element) {
    if let Ok(module) = module().await {
        let _ = module.highlight(&element);
    }
}

async fn module() -> Result<Module, JsValue> {
    let loading = BOOT.with(|boot| boot.load(URL))?;
    JsFuture::from(loading).await.map(JsCast::unchecked_into)
}

//! Server-sent events.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventSource, MessageEvent};

/// An open stream of events; dropping it closes it.
pub(crate) struct EventStream {
    source: EventSource,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut()>,
}

impl EventStream {
    /// Opens the stream at `url`. `on_error` hears of a lost connection, of a refusal, and of the stream's end.
    pub(crate) fn open(
        url: &str,
        mut on_data: impl FnMut(String) + 'static,
        on_error: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let source = EventSource::new(url)?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(data) = event.data().as_string() {
                on_data(data);
            }
        });
        let on_error = Closure::<dyn FnMut()>::new(on_error);
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { source, _on_message: on_message, _on_error: on_error })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

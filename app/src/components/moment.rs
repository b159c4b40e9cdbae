//! A point in time, as a learner thinks of it.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// When something was: "21 Nov 2026, 03:44 UTC" from the server; in the browser "5 minutes ago", or the local time.
#[component]
pub(crate) fn Moment(
    /// RFC 3339, in UTC.
    at: String,
) -> impl IntoView {
    let utc = in_utc(&at);
    let (text, set_text) = signal(utc.clone());
    let instant = at.clone();
    Effect::new(move || {
        if let Some(local) = in_local_time(&instant) {
            set_text.set(local);
        }
    });
    view! { <time datetime=at title=utc>{text}</time> }
}

/// `2026-11-21T03:44:05Z` as "21 Nov 2026, 03:44 UTC"; as it stands, if it is something else.
fn in_utc(at: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts = || {
        let (year, month) = (at.get(..4)?, at.get(5..7)?.parse::<usize>().ok()?);
        let (day, time) = (at.get(8..10)?.parse::<u8>().ok()?, at.get(11..16)?);
        Some(format!("{day} {} {year}, {time} UTC", MONTHS.get(month.checked_sub(1)?)?))
    };
    parts().unwrap_or_else(|| at.to_owned())
}

fn in_local_time(at: &str) -> Option<String> {
    let then = js_sys::Date::new(&JsValue::from_str(at));
    let seconds = (js_sys::Date::now() - then.get_time()) / 1000.0;
    if seconds.is_nan() {
        return None;
    }
    Some(since(seconds).unwrap_or_else(|| {
        let options = js_sys::Object::new();
        for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
            js_sys::Reflect::set(&options, &key.into(), &value.into()).ok();
        }
        then.to_locale_string("default", &options).into()
    }))
}

/// How long ago, in words, for what is less than a day old.
fn since(seconds: f64) -> Option<String> {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    let ago = |amount: f64, unit: &str| {
        let amount = amount.floor();
        format!("{amount} {unit}{} ago", if amount == 1.0 { "" } else { "s" })
    };
    match seconds {
        ..MINUTE => Some("moments ago".to_owned()),
        ..HOUR => Some(ago(seconds / MINUTE, "minute")),
        _ if seconds < 24.0 * HOUR => Some(ago(seconds / HOUR, "hour")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_a_date() {
        assert_eq!(in_utc("2026-11-21T03:44:05Z"), "21 Nov 2026, 03:44 UTC");
        assert_eq!(in_utc("2026-01-02T23:59:05.123Z"), "2 Jan 2026, 23:59 UTC");
    }

    #[test]
    fn what_is_no_timestamp_stays_as_it_is() {
        for odd in ["", "yesterday", "2026-13-40T99:99", "ééééééééééééé"] {
            assert_eq!(in_utc(odd), odd);
        }
    }

    #[test]
    fn time_since_counts_in_whole_units() {
        assert_eq!(since(3.0).as_deref(), Some("moments ago"));
        assert_eq!(since(61.0).as_deref(), Some("1 minute ago"));
        assert_eq!(since(7300.0).as_deref(), Some("2 hours ago"));
        assert_eq!(since(100_000.0), None);
    }
}

//! Dates: seconds since 1970, and "broken down time", an array of year, month (from 0), day, hours, minutes, seconds, day
//! of the week, day of the year.

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::Offset};

use super::{
    super::value::{Heap, Raise, Value},
    Pure, argument,
};
use crate::commands::calendar::Zone;

pub(super) const TABLE: &[(&str, usize, Pure)] = &[
    ("gmtime", 0, |heap, input, _| match input.as_number() {
        Some(seconds) => broken_down(heap, seconds, seconds),
        None => Err(Raise::error(heap, "gmtime() requires a number")),
    }),
    ("mktime", 0, |heap, input, _| {
        if input.as_items().is_none() {
            return Err(Raise::error(heap, "mktime requires array of 6 numbers"));
        }
        match civil(&input).and_then(|civil| Offset::UTC.to_timestamp(civil).ok()) {
            Some(time) => Ok(Value::from(time.as_second() as f64)),
            None => Err(Raise::error(heap, "mktime requires parsed datetime inputs")),
        }
    }),
    ("strftime", 1, |heap, input, arguments| {
        let Some(time) = moment(&input) else {
            return Err(Raise::error(heap, "strftime/1 requires parsed datetime inputs"));
        };
        let Some(format) = argument(arguments, 0).as_text() else {
            return Err(Raise::error(heap, "strftime/1 requires a string format"));
        };
        let text = Zone::utc().at(time).format(format.as_bytes(), false);
        heap.text(String::from_utf8_lossy(&text).into_owned())
    }),
    ("strflocaltime", 1, |heap, input, arguments| {
        let Some(time) = moment(&input) else {
            return Err(Raise::error(heap, "strflocaltime/1 requires parsed datetime inputs"));
        };
        let Some(format) = argument(arguments, 0).as_text() else {
            return Err(Raise::error(heap, "strflocaltime/1 requires a string format"));
        };
        let text = Zone::utc().at(time).format(format.as_bytes(), false);
        heap.text(String::from_utf8_lossy(&text).into_owned())
    }),
    ("strptime", 1, |heap, input, arguments| {
        let (Some(text), Some(format)) = (input.as_text(), argument(arguments, 0).as_text()) else {
            let shown = super::super::write::shown(&input);
            return Err(Raise::error(
                heap,
                format!("strptime/1 requires string inputs and arguments ({shown})"),
            ));
        };
        match read(text, format) {
            Some(time) => broken_down(heap, time.as_second() as f64, time.as_second() as f64),
            None => Err(Raise::error(heap, format!("date \"{text}\" does not match format \"{format}\""))),
        }
    }),
];

/// The local time of now, as `localtime` has it of its input.
pub(in super::super) fn local(heap: &Heap, input: &Value, zone: &Zone) -> Result<Value, Raise> {
    let Some(seconds) = input.as_number() else {
        return Err(Raise::error(heap, "localtime() requires a number"));
    };
    let offset = timestamp(seconds).map_or(0, |time| zone.at(time).offset);
    broken_down(heap, seconds + f64::from(offset), seconds)
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let whole = seconds.floor();
    Timestamp::new(whole as i64, ((seconds - whole) * 1e9) as i32).ok()
}

fn broken_down(heap: &Heap, seconds: f64, exact: f64) -> Result<Value, Raise> {
    let Some(time) = timestamp(seconds) else {
        return Err(Raise::error(heap, "error converting number of seconds since epoch to datetime"));
    };
    let civil = Offset::UTC.to_datetime(time);
    let fraction = exact - exact.floor();
    let numbers = [
        f64::from(civil.year()),
        f64::from(civil.month()) - 1.0,
        f64::from(civil.day()),
        f64::from(civil.hour()),
        f64::from(civil.minute()),
        f64::from(civil.second()) + fraction,
        f64::from(civil.weekday().to_sunday_zero_offset()),
        f64::from(civil.day_of_year()) - 1.0,
    ];
    heap.array(numbers.into_iter().map(Value::from).collect())
}

fn civil(value: &Value) -> Option<DateTime> {
    let numbers: Vec<f64> = value.as_items()?.iter().map(Value::as_number).collect::<Option<_>>()?;
    let [year, month, day, hour, minute, second, ..] = numbers[..] else { return None };
    // Days, hours and so on past their ends carry over, as in C.
    let base = DateTime::new(year as i16, 1, 1, 0, 0, 0, 0).ok()?;
    let span = jiff::Span::new()
        .try_months(month as i64)
        .and_then(|span| span.try_days(day as i64 - 1))
        .and_then(|span| span.try_hours(hour as i64))
        .and_then(|span| span.try_minutes(minute as i64))
        .and_then(|span| span.try_seconds(second as i64))
        .ok()?;
    base.checked_add(span).ok()
}

/// A moment, as a number or broken down.
fn moment(value: &Value) -> Option<Timestamp> {
    match value.as_number() {
        Some(seconds) => timestamp(seconds),
        None => Offset::UTC.to_timestamp(civil(value)?).ok(),
    }
}

fn read(text: &str, format: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(format, text).ok()?;
    if let Ok(time) = parsed.to_timestamp() {
        return Some(time);
    }
    let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

//! Dates that `date -d` reads.

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::Offset,
};

use crate::commands::calendar::Zone;

/// What busybox understands: `@SECONDS`, `hh:mm[:ss]`, `YYYY-MM-DD [hh:mm[:ss]]`, `[YYYY.]MM.DD-hh:mm[:ss]`,
/// `[[[[CC]YY]MM]DD]hhmm[.ss]`.
pub(crate) fn busybox(text: &str, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        return Timestamp::from_second(seconds.parse().ok()?).ok();
    }
    let today = zone.at(now).civil;
    let midnight = Time::midnight();
    if let Some((date, time)) =
        text.split_once([' ', 'T']).or_else(|| text.split_once('-').filter(|_| text.contains('.')))
    {
        return resolve(zone, date_of(date, today.date())?, time_of(time)?);
    }
    if text.contains(':') {
        return resolve(zone, today.date(), time_of(text)?);
    }
    if text.contains('-') {
        return resolve(zone, date_of(text, today.date())?, midnight);
    }
    packed(text, today).and_then(|civil| zone.when(civil))
}

fn resolve(zone: &Zone, date: Date, time: Time) -> Option<Timestamp> {
    zone.when(date.to_datetime(time))
}

fn numbers<T: std::str::FromStr>(text: &str, separator: char) -> Option<Vec<T>> {
    text.split(separator)
        .map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None })
        .collect()
}

fn date_of(text: &str, today: Date) -> Option<Date> {
    let separator = ['-', '/', '.'].into_iter().find(|separator| text.contains(*separator))?;
    let parts: Vec<i16> = numbers(text, separator)?;
    let (year, month, day) = match (&parts[..], separator) {
        ([month, day, year], '/') => (*year, *month, *day),
        ([year, month, day], _) => (*year, *month, *day),
        ([month, day], '.' | '/') => (today.year(), *month, *day),
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `hh:mm`, `hh:mm:ss`, with a fraction of seconds perhaps.
fn time_of(text: &str) -> Option<Time> {
    let (text, nanos) = match text.split_once(['.', ',']) {
        Some((text, fraction)) => {
            let digits = format!("{fraction:0<9}");
            (text, digits.get(..9)?.parse().ok()?)
        }
        None => (text, 0),
    };
    let parts: Vec<i8> = numbers(text, ':')?;
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    Time::new(hour, minute, second, nanos).ok()
}

/// `[[[[CC]YY]MM]DD]hhmm[.ss]`; also what `touch -t` reads.
pub(crate) fn packed(text: &str, today: DateTime) -> Option<DateTime> {
    let (digits, seconds) = text.split_once('.').unwrap_or((text, "0"));
    if digits.len() % 2 != 0 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pairs: Vec<i16> =
        (0..digits.len()).step_by(2).map(|at| digits[at..at + 2].parse().unwrap_or(0)).collect();
    let two = |year: i16| if year < 69 { 2000 + year } else { 1900 + year };
    let (year, month, day, hour, minute) = match pairs[..] {
        [hour, minute] => (today.year(), i16::from(today.month()), i16::from(today.day()), hour, minute),
        [day, hour, minute] => (today.year(), i16::from(today.month()), day, hour, minute),
        [month, day, hour, minute] => (today.year(), month, day, hour, minute),
        [year, month, day, hour, minute] => (two(year), month, day, hour, minute),
        [century, year, month, day, hour, minute] => (century * 100 + year, month, day, hour, minute),
        _ => return None,
    };
    let small = |value: i16| i8::try_from(value).ok();
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, seconds.parse().ok()?, 0)
        .ok()
}

/// What a format says (`date -D`), for the conversions that dates are made of.
pub(crate) fn by_format(text: &str, format: &str, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::BrokenDownTime::parse(format, text).ok()?;
    if let Ok(time) = parsed.to_timestamp() {
        return Some(time);
    }
    let today = zone.at(now).civil;
    let date = match (parsed.year(), parsed.month(), parsed.day()) {
        (year, Some(month), Some(day)) => Date::new(year.unwrap_or(today.year()), month, day).ok()?,
        _ => parsed.to_date().unwrap_or(today.date()),
    };
    resolve(zone, date, parsed.to_time().unwrap_or(Time::midnight()))
}

/// What GNU's `date` understands, as far as scripts use it: a date, a time, a zone, and steps from there such as
/// `yesterday`, `2 days ago`, `next monday`, `+1 hour`.
pub(crate) fn gnu(text: &str, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    if let Some(seconds) = text.trim().strip_prefix('@') {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        return Timestamp::new(whole.parse().ok()?, nanos).ok();
    }
    let lower = text.to_ascii_lowercase().replace(',', " ");
    // `2024-01-02t03:04:05z`
    let spaced = separate_t(&lower);
    // A sign may stand apart from its number.
    let signed = spaced.replace("+ ", "+").replace(" - ", " -");
    let words: Vec<&str> = signed.split_whitespace().collect();
    let here = zone.at(now).civil;
    let mut state = Parsed { date: None, time: None, offset: None, span: Span::new(), weekday: None, here };
    let mut at = 0;
    while at < words.len() {
        at += state.take(&words[at..])?;
    }
    state.finish(zone)
}

fn separate_t(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    text.char_indices()
        .map(|(at, c)| if c == 't' && digit(at.checked_sub(1)) && digit(Some(at + 1)) { ' ' } else { c })
        .collect()
}

struct Parsed {
    date: Option<Date>,
    time: Option<Time>,
    offset: Option<Offset>,
    span: Span,
    weekday: Option<(Weekday, i32)>,
    here: DateTime,
}

impl Parsed {
    /// Takes some of the words; returns how many.
    fn take(&mut self, words: &[&str]) -> Option<usize> {
        let word = words[0];
        match word {
            "now" | "today" => return Some(1),
            "yesterday" => return self.step(-1, "day").map(|()| 1),
            "tomorrow" => return self.step(1, "day").map(|()| 1),
            "midnight" => return self.set_time(Time::midnight(), 1),
            "noon" => return self.set_time(Time::new(12, 0, 0, 0).ok()?, 1),
            "utc" | "gmt" | "z" => {
                self.offset = Some(Offset::UTC);
                return Some(1);
            }
            "last" | "next" | "this" => {
                let count = match word {
                    "last" => -1,
                    "next" => 1,
                    _ => 0,
                };
                let unit = words.get(1)?;
                if let Some(weekday) = weekday(unit) {
                    self.weekday = Some((weekday, count));
                } else {
                    self.step(count, unit)?;
                }
                return Some(2);
            }
            _ => {}
        }
        if let Some(weekday) = weekday(word) {
            self.weekday = Some((weekday, 0));
            return Some(1);
        }
        if let Some(taken) = self.month_name(words) {
            return Some(taken);
        }
        if let Some(taken) = self.relative(words) {
            return Some(taken);
        }
        self.clock(words).or_else(|| {
            let date = date_of(word, self.here.date()).or_else(|| compact(word))?;
            self.date = Some(date);
            Some(1)
        })
    }

    fn set_time(&mut self, time: Time, taken: usize) -> Option<usize> {
        self.time = Some(time);
        Some(taken)
    }

    /// `3 days ago`, `+2 hours`, `1 week`, `2days`.
    fn relative(&mut self, words: &[&str]) -> Option<usize> {
        let end =
            words[0].bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-')).count();
        let (number, unit) = words[0].split_at(end);
        let (count, unit, mut taken): (i32, &str, usize) = match (number, unit) {
            ("", unit) => (1, unit, 1),
            (number, "") => (number.parse().ok()?, words.get(1)?, 2),
            (number, unit) => (number.parse().ok()?, unit, 1),
        };
        let mut count = count;
        if words.get(taken) == Some(&"ago") {
            count = -count;
            taken += 1;
        }
        self.step(count, unit).map(|()| taken)
    }

    fn step(&mut self, count: i32, unit: &str) -> Option<()> {
        let unit = unit.strip_suffix('s').filter(|unit| unit.len() > 1).unwrap_or(unit);
        let (more, factor) = match unit {
            "sec" | "second" => (Span::new().try_seconds(count).ok()?, 1),
            "min" | "minute" => (Span::new().try_minutes(count).ok()?, 1),
            "hour" => (Span::new().try_hours(count).ok()?, 1),
            "day" => (Span::new().try_days(count).ok()?, 1),
            "week" => (Span::new().try_days(count.checked_mul(7)?).ok()?, 1),
            "fortnight" => (Span::new().try_days(count.checked_mul(14)?).ok()?, 1),
            "month" => (Span::new().try_months(count).ok()?, 1),
            "year" => (Span::new().try_years(count).ok()?, 1),
            _ => return None,
        };
        let sum = |a: i64, b: i64| a.checked_add(b.checked_mul(factor)?);
        self.span = Span::new()
            .try_years(sum(self.span.get_years().into(), more.get_years().into())?)
            .and_then(|span| {
                span.try_months(i64::from(self.span.get_months()) + i64::from(more.get_months()))
            })
            .and_then(|span| span.try_days(i64::from(self.span.get_days()) + i64::from(more.get_days())))
            .and_then(|span| span.try_hours(i64::from(self.span.get_hours()) + i64::from(more.get_hours())))
            .and_then(|span| span.try_minutes(self.span.get_minutes().saturating_add(more.get_minutes())))
            .and_then(|span| span.try_seconds(self.span.get_seconds().saturating_add(more.get_seconds())))
            .ok()?;
        Some(())
    }

    /// `nov 21 2026`, `21 nov 2026`, `nov 21`.
    fn month_name(&mut self, words: &[&str]) -> Option<usize> {
        let (month, day, mut taken) = match (month(words[0]), words.get(1)) {
            (Some(month), Some(day)) => (month, *day, 2),
            (None, Some(word)) => (month(word)?, words[0], 2),
            _ => return None,
        };
        let day = day.parse().ok()?;
        let mut year = self.here.year();
        if let Some(next) = words.get(taken)
            && next.len() == 4
            && let Ok(value) = next.parse()
        {
            year = value;
            taken += 1;
        }
        self.date = Some(Date::new(year, month, day).ok()?);
        Some(taken)
    }

    /// `3:04`, `3:04:05 pm`, `03:04+02:00`, `5pm`.
    fn clock(&mut self, words: &[&str]) -> Option<usize> {
        let word = words[0];
        let (word, suffix) = match word.strip_suffix("am").or_else(|| word.strip_suffix("pm")) {
            Some(bare) => (bare, Some(&word[bare.len()..])),
            None => (word, None),
        };
        let (suffix, taken) = match (suffix, words.get(1)) {
            (Some(suffix), _) => (Some(suffix), 1),
            (None, Some(next @ (&"am" | &"pm"))) => (Some(*next), 2),
            (None, _) => (None, 1),
        };
        if word.starts_with(['+', '-']) && self.time.is_some() {
            self.offset = Some(offset(word)?);
            return Some(1);
        }
        let zone_at = word.find(['+', '-', 'z']).filter(|_| word.contains(':'));
        let (clock, zone) = zone_at.map_or((word, ""), |at| word.split_at(at));
        let mut time = match (time_of(clock), suffix) {
            (Some(time), _) => time,
            (None, Some(_)) => Time::new(clock.parse().ok()?, 0, 0, 0).ok()?,
            (None, None) => return None,
        };
        if let Some(suffix) = suffix {
            let hour = time.hour() % 12 + if suffix == "pm" { 12 } else { 0 };
            time = Time::new(hour, time.minute(), time.second(), 0).ok()?;
        }
        match zone {
            "" => {}
            "z" => self.offset = Some(Offset::UTC),
            zone => self.offset = Some(offset(zone)?),
        }
        self.set_time(time, taken)
    }

    fn finish(self, zone: &Zone) -> Option<Timestamp> {
        let mut date = self.date.unwrap_or(self.here.date());
        let given = self.date.is_some() || self.weekday.is_some();
        let time = self.time.unwrap_or(if given { Time::midnight() } else { self.here.time() });
        if let Some((weekday, count)) = self.weekday {
            let ahead = i32::from(date.weekday().until(weekday));
            let weeks = match (count, ahead) {
                (1, 0) => 7,
                (-1, _) => -7,
                _ => 0,
            };
            date = date.checked_add(Span::new().try_days(ahead + weeks).ok()?).ok()?;
        }
        let clock = Span::new()
            .try_hours(self.span.get_hours())
            .and_then(|span| span.try_minutes(self.span.get_minutes()))
            .and_then(|span| span.try_seconds(self.span.get_seconds()))
            .ok()?;
        let days = Span::new()
            .try_years(self.span.get_years())
            .and_then(|span| span.try_months(self.span.get_months()))
            .ok()?;
        // A day that a month does not have is one of the next, as in `mktime(3)`.
        let day = i32::from(date.day()) - 1;
        let later = Span::new().try_days(self.span.get_days().checked_add(day)?).ok()?;
        let date = date.first_of_month().checked_add(days).and_then(|date| date.checked_add(later)).ok()?;
        let civil = date.to_datetime(time);
        let base = match self.offset {
            Some(offset) => offset.to_timestamp(civil).ok()?,
            None => zone.when(civil)?,
        };
        base.checked_add(SignedDuration::try_from(clock).ok()?).ok()
    }
}

fn compact(word: &str) -> Option<Date> {
    if word.len() != 8 || !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Date::new(word[..4].parse().ok()?, word[4..6].parse().ok()?, word[6..].parse().ok()?).ok()
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = (if text.starts_with('-') { -1 } else { 1 }, text[1..].replace(':', ""));
    let (hours, minutes): (i32, i32) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn named<T: Copy>(word: &str, names: &[(&str, T)]) -> Option<T> {
    let fits = |name: &str| word == name || (word.len() == 3 && name.starts_with(word));
    names.iter().find(|(name, _)| fits(name)).map(|(_, value)| *value)
}

fn weekday(word: &str) -> Option<Weekday> {
    named(
        word,
        &[
            ("monday", Weekday::Monday),
            ("tuesday", Weekday::Tuesday),
            ("wednesday", Weekday::Wednesday),
            ("thursday", Weekday::Thursday),
            ("friday", Weekday::Friday),
            ("saturday", Weekday::Saturday),
            ("sunday", Weekday::Sunday),
        ],
    )
}

fn month(word: &str) -> Option<i8> {
    let names: Vec<(String, i8)> = (1..=12)
        .map(|month| (crate::commands::calendar::month_name(month).to_ascii_lowercase(), month))
        .collect();
    let names: Vec<(&str, i8)> = names.iter().map(|(name, month)| (name.as_str(), *month)).collect();
    named(word, &names)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{busybox, gnu};
    use crate::commands::calendar::Zone;

    fn now() -> Timestamp {
        // A Saturday.
        "2026-11-21T07:14:27Z".parse().unwrap()
    }

    #[test]
    fn busybox_reads_its_formats() {
        let read = |text: &str| busybox(text, &Zone::utc(), now()).map(|time| time.to_string());
        assert_eq!(read("2024-01-02 03:04:05").unwrap(), "2024-01-02T03:04:05Z");
        assert_eq!(read("@0").unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(read("12:30").unwrap(), "2026-11-21T12:30:00Z");
        assert_eq!(read("202401020304.05").unwrap(), "2024-01-02T03:04:05Z");
        assert_eq!(read("2024.01.02-03:04").unwrap(), "2024-01-02T03:04:00Z");
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn gnu_reads_steps_and_names() {
        let read = |text: &str| gnu(text, &Zone::utc(), now()).map(|time| time.to_string());
        assert_eq!(read("yesterday").unwrap(), "2026-11-20T07:14:27Z");
        assert_eq!(read("2 days ago").unwrap(), "2026-11-19T07:14:27Z");
        assert_eq!(read("+1 hour").unwrap(), "2026-11-21T08:14:27Z");
        assert_eq!(read("2024-01-31 1 month").unwrap(), "2024-03-02T00:00:00Z");
        assert_eq!(read("next monday").unwrap(), "2026-11-23T00:00:00Z");
        assert_eq!(read("2024-01-02T03:04:05+02:00").unwrap(), "2024-01-02T01:04:05Z");
        assert_eq!(read("nov 3 2025 5pm").unwrap(), "2025-11-03T17:00:00Z");
        assert_eq!(read("@1.5").unwrap(), "1970-01-01T00:00:01.5Z");
        assert_eq!(read("banana"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-z@:+. /-]{0,24}") {
            let _ = (gnu(&text, &Zone::utc(), now()), busybox(&text, &Zone::utc(), now()));
        }
    }
}

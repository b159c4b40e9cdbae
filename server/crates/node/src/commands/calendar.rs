//! Dates as text: time zones (`TZ`) and `strftime(3)` in the C locale.

use std::fmt::Write;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::Cx;
use crate::kernel::process::Process;

/// A time zone, and what it is called where it has no rules of its own.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: Option<String>,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: None }
    }

    /// The zone of a process: by `TZ` (a POSIX rule, or a file of `/usr/share/zoneinfo`), else by `/etc/localtime`.
    pub(crate) async fn of(process: &Process) -> Self {
        let Some(text) = process.var("TZ") else {
            return Self::from_file(process, b"/etc/localtime").await.unwrap_or_else(Self::utc);
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let bare = text.strip_prefix(':').unwrap_or(&text);
        let path =
            if bare.starts_with('/') { bare.to_owned() } else { format!("/usr/share/zoneinfo/{bare}") };
        if bare.is_empty() {
            return Self::utc();
        }
        if let Some(zone) = Self::from_file(process, path.as_bytes()).await {
            return zone;
        }
        // Where a zone has a daylight time and no rule for it, the C library takes that of the USA.
        let ruled = || TimeZone::posix(&format!("{bare},M3.2.0,M11.1.0"));
        match TimeZone::posix(bare).or_else(|_| ruled()) {
            Ok(zone) => Self { zone, name: None },
            Err(_) => {
                // What the C library makes of a name that it does not know: its letters, without an offset.
                let letters: String = bare.chars().take_while(char::is_ascii_alphabetic).collect();
                let name = if letters.len() >= 3 { letters } else { "UTC".to_owned() };
                Self { zone: TimeZone::UTC, name: Some(name) }
            }
        }
    }

    async fn from_file(process: &Process, path: &[u8]) -> Option<Self> {
        let data = process.read_file(path, 64 * 1024).await.ok()?;
        let zone = TimeZone::tzif("local", &data).ok()?;
        Some(Self { zone, name: None })
    }

    /// A moment, as clocks of this zone show it.
    pub(crate) fn at(&self, time: Timestamp) -> Moment {
        let info = self.zone.to_offset_info(time);
        Moment {
            time,
            civil: info.offset().to_datetime(time),
            offset: info.offset().seconds(),
            zone: self.name.clone().unwrap_or_else(|| info.abbreviation().to_owned()),
        }
    }

    /// When clocks of this zone show `civil`.
    pub(crate) fn when(&self, civil: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(civil).ok()
    }
}

impl Cx {
    /// The time zone that the command was given.
    pub(crate) async fn zone(&self) -> Zone {
        Zone::of(&self.process).await
    }
}

/// A moment in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) time: Timestamp,
    pub(crate) civil: DateTime,
    /// Seconds east of Greenwich.
    pub(crate) offset: i32,
    /// The zone's abbreviation.
    pub(crate) zone: String,
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A month by its number, counted from 1.
pub(crate) fn month_name(month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("?")
}

/// The longest text that a format makes.
const MAX_TEXT: usize = 64 * 1024;

impl Moment {
    /// Formats it as `strftime(3)` does. `nanos` says whether `%N` is known (GNU's `date`).
    pub(crate) fn format(&self, format: &[u8], nanos: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        let mut text = String::with_capacity(16);
        let mut rest = format;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte != b'%' || out.len() > MAX_TEXT {
                out.push(*byte);
                continue;
            }
            let mut at = 0;
            let mut pad = None;
            let mut upper = false;
            while let Some(flag @ (b'_' | b'-' | b'0' | b'^' | b'#')) = rest.get(at) {
                match flag {
                    b'^' | b'#' => upper = true,
                    flag => pad = Some(*flag),
                }
                at += 1;
            }
            let mut width = 0usize;
            while let Some(digit @ b'0'..=b'9') = rest.get(at) {
                width = (width * 10 + usize::from(digit - b'0')).min(1024);
                at += 1;
            }
            while matches!(rest.get(at), Some(b'E' | b'O')) {
                at += 1;
            }
            // `%:z`
            let colons = rest[at.min(rest.len())..].iter().take_while(|byte| **byte == b':').count();
            let letter = rest.get(at + colons).copied();
            text.clear();
            let known = match letter {
                Some(b'z') => {
                    self.put_offset(&mut text, colons);
                    true
                }
                Some(_) if colons > 0 => false,
                Some(b'N') if !nanos => false,
                Some(letter) => self.convert(&mut text, letter, pad, width, nanos),
                None => false,
            };
            if !known {
                out.push(b'%');
                continue;
            }
            if upper {
                text = text.to_uppercase();
            }
            let count = text.chars().count();
            if width > count && pad != Some(b'-') {
                let numeric = text.bytes().all(|byte| byte.is_ascii_digit());
                let zeros = if numeric { pad != Some(b'_') } else { pad == Some(b'0') };
                let fill = if zeros { b'0' } else { b' ' };
                out.extend(std::iter::repeat_n(fill, width - count));
            }
            out.extend_from_slice(text.as_bytes());
            rest = &rest[at + colons + 1..];
        }
        out
    }

    fn put_offset(&self, out: &mut String, colons: usize) {
        let (sign, seconds) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        // Writing to a string cannot fail.
        let _ = match colons {
            0 => write!(out, "{sign}{hours:02}{minutes:02}"),
            1 => write!(out, "{sign}{hours:02}:{minutes:02}"),
            _ => write!(out, "{sign}{hours:02}:{minutes:02}:{seconds:02}"),
        };
    }

    /// Days since Sunday.
    fn weekday(&self) -> i16 {
        i16::from(self.civil.weekday().to_sunday_zero_offset())
    }

    /// The week by ISO 8601, and the year that it belongs to.
    fn iso_week(&self) -> (i16, i8) {
        let date = self.civil.date().iso_week_date();
        (date.year(), date.week())
    }

    /// Writes what a letter stands for; `false` where it stands for nothing.
    fn convert(&self, out: &mut String, letter: u8, pad: Option<u8>, width: usize, nanos: bool) -> bool {
        let c = &self.civil;
        let mut number = |value: i64, digits: usize, fill: u8| {
            let _ = match pad.unwrap_or(fill) {
                b'-' => write!(out, "{value}"),
                b'_' => write!(out, "{value:digits$}"),
                _ => write!(out, "{value:0digits$}"),
            };
        };
        let yday = i64::from(c.date().day_of_year());
        let weekday = i64::from(self.weekday());
        let hour12 = i64::from((c.hour() + 11) % 12 + 1);
        match letter {
            b'C' => number(i64::from(c.year() / 100), 2, b'0'),
            b'd' => number(i64::from(c.day()), 2, b'0'),
            b'e' => number(i64::from(c.day()), 2, b'_'),
            b'g' => number(i64::from(self.iso_week().0 % 100), 2, b'0'),
            b'G' => number(i64::from(self.iso_week().0), 1, b'-'),
            b'H' => number(i64::from(c.hour()), 2, b'0'),
            b'I' => number(hour12, 2, b'0'),
            b'j' => number(yday, 3, b'0'),
            b'k' => number(i64::from(c.hour()), 2, b'_'),
            b'l' => number(hour12, 2, b'_'),
            b'm' => number(i64::from(c.month()), 2, b'0'),
            b'M' => number(i64::from(c.minute()), 2, b'0'),
            b'S' => number(i64::from(c.second()), 2, b'0'),
            b'U' => number((yday + 6 - weekday) / 7, 2, b'0'),
            b'V' => number(i64::from(self.iso_week().1), 2, b'0'),
            b'W' => number((yday + 6 - (weekday + 6) % 7) / 7, 2, b'0'),
            b'y' => number(i64::from(c.year() % 100), 2, b'0'),
            b'Y' => number(i64::from(c.year()), 1, b'-'),
            _ => return self.convert_word(out, letter, width, nanos),
        }
        true
    }

    /// The letters that flags for numbers say nothing to.
    fn convert_word(&self, out: &mut String, letter: u8, width: usize, nanos: bool) -> bool {
        let c = &self.civil;
        let day = DAYS[self.weekday() as usize % 7];
        let part = |out: &mut String, format: &str| {
            out.push_str(&String::from_utf8_lossy(&self.format(format.as_bytes(), nanos)));
        };
        // Writing to a string cannot fail.
        match letter {
            b'%' => out.push('%'),
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'a' => out.push_str(&day[..3]),
            b'A' => out.push_str(day),
            b'b' | b'h' => out.push_str(&month_name(c.month())[..3]),
            b'B' => out.push_str(month_name(c.month())),
            b'c' => part(out, "%a %b %e %H:%M:%S %Y"),
            b'D' | b'x' => part(out, "%m/%d/%y"),
            b'F' => part(out, "%Y-%m-%d"),
            b'N' => {
                let _ = write!(out, "{:09}", self.time.subsec_nanosecond());
                out.truncate(if width > 0 { width.min(9) } else { 9 });
            }
            b'p' => out.push_str(if c.hour() < 12 { "AM" } else { "PM" }),
            b'P' => out.push_str(if c.hour() < 12 { "am" } else { "pm" }),
            b'q' if nanos => drop(write!(out, "{}", (c.month() - 1) / 3 + 1)),
            b'r' => part(out, "%I:%M:%S %p"),
            b'R' => part(out, "%H:%M"),
            b's' => drop(write!(out, "{}", self.time.as_second())),
            b'T' | b'X' => part(out, "%H:%M:%S"),
            b'u' => drop(write!(out, "{}", (self.weekday() + 6) % 7 + 1)),
            b'w' => drop(write!(out, "{}", self.weekday())),
            b'Z' => out.push_str(&self.zone),
            _ => return false,
        }
        true
    }

    /// `Nov 21 07:14`, or `Nov 21  2025` for what is not within the last half year, as `ls -l` shows times.
    pub(crate) fn for_listing(&self, now: Timestamp) -> String {
        let age = now.as_second() - self.time.as_second();
        let recent = (-15 * 60..3600 * 24 * 365 / 2).contains(&age);
        let mut text = String::new();
        let (month, day) = (&month_name(self.civil.month())[..3], self.civil.day());
        let _ = match recent {
            true => write!(text, "{month} {day:>2} {:02}:{:02}", self.civil.hour(), self.civil.minute()),
            false => write!(text, "{month} {day:>2}  {}", self.civil.year()),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;

    use super::Zone;

    fn show(format: &str) -> String {
        let zone = Zone { zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(), name: None };
        let time = Timestamp::from_second(1_720_000_000).unwrap();
        String::from_utf8(zone.at(time).format(format.as_bytes(), true)).unwrap()
    }

    #[test]
    fn conversions_as_strftime_writes_them() {
        assert_eq!(show("%Y-%m-%dT%H:%M:%S%:z"), "2024-07-03T11:46:40+02:00");
        assert_eq!(show("%a %b %e %H:%M:%S %Z %Y"), "Wed Jul  3 11:46:40 CEST 2024");
        assert_eq!(show("%j %U %W %V %u %w %s"), "185 26 27 27 3 3 1720000000");
        assert_eq!(show("%-d %_H %I %p %3N %^a"), "3 11 11 AM 000 WED");
        assert_eq!(show("100%% %q %Q"), "100% 3 %Q");
    }

    proptest! {
        #[test]
        fn no_format_panics(format in "[%a-zA-Z0-9_:^#-]{0,20}") {
            show(&format);
        }
    }
}

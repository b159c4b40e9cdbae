//! `cal`: a calendar.

use std::{fmt::Display, ops::RangeInclusive};

use jiff::civil::Date;

use super::super::{Cx, calendar::month_name, number};
use crate::libc::getopt::OptSpec;

const DAYS: [&str; 7] = ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"];
const USAGE: &str = "[-jmy] [[MONTH] YEAR]";

/// How months are shown.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Days are counted from the start of the year.
    julian: bool,
    /// Weeks begin on Monday.
    monday: bool,
}

impl Style {
    fn day_width(self) -> usize {
        if self.julian { 3 } else { 2 }
    }

    fn width(self) -> usize {
        7 * (self.day_width() + 1) - 1
    }

    fn header(self) -> String {
        let names = (0..7).map(|index| DAYS[(index + usize::from(self.monday)) % 7]);
        let width = self.day_width();
        names.map(|name| format!("{name:>width$}")).collect::<Vec<_>>().join(" ")
    }

    /// The six weeks of a month.
    fn weeks(self, year: i16, month: i8) -> Option<Vec<String>> {
        let first = Date::new(year, month, 1).ok()?;
        let offset = usize::try_from(first.weekday().to_sunday_zero_offset()).ok()?;
        let offset = if self.monday { (offset + 6) % 7 } else { offset };
        let before = if self.julian { first.day_of_year() - 1 } else { 0 };
        let width = self.day_width();
        let mut cells = vec![" ".repeat(width); offset];
        cells.extend((1..=i16::from(first.days_in_month())).map(|day| format!("{:>width$}", day + before)));
        cells.resize(42, " ".repeat(width));
        Some(cells.chunks(7).map(|week| week.join(" ")).collect())
    }
}

fn centered(text: &str, width: usize) -> String {
    let left = width.saturating_sub(text.len()) / 2;
    format!("{}{text}", " ".repeat(left))
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "jmy", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let style = Style { julian: opts.has(b'j'), monday: opts.has(b'm') };
    let today = cx.zone().await.at(cx.process.now()).civil.date();
    let (mut year, mut month) = (today.year(), Some(today.month()));
    let (given_month, given_year) = match &opts.operands[..] {
        [] => (None, None),
        [year] => (None, Some(year)),
        [month, year] => (Some(month), Some(year)),
        _ => return cx.bad_usage(USAGE).await,
    };
    if given_year.is_some() || opts.has(b'y') {
        month = None;
    }
    if let Some(text) = given_month {
        match in_range(&mut cx, text, 1..=12).await {
            Ok(given) => month = Some(given),
            Err(code) => return code,
        }
    }
    if let Some(text) = given_year {
        match in_range(&mut cx, text, 1..=9999).await {
            Ok(given) => year = given,
            Err(code) => return code,
        }
    }
    match month {
        Some(month) => {
            let title = format!("{} {year}", month_name(month));
            cx.put(format!("{}\n{}\n", centered(&title, style.width()), style.header()));
            for week in style.weeks(year, month).unwrap_or_default() {
                // A week without days is all blanks, others have none at their end.
                let blank = week.trim().is_empty();
                cx.put(if blank { " ".repeat(style.width() + 1) } else { week.trim_end().to_owned() });
                cx.put("\n");
            }
        }
        None => put_year(&mut cx, year, style),
    }
    cx.finish(0).await
}

/// A number that an operand gives; one out of its range is told.
async fn in_range<T>(cx: &mut Cx, text: &[u8], range: RangeInclusive<T>) -> Result<T, u8>
where
    T: TryFrom<u32> + PartialOrd + Display + Send + Sync,
{
    let Some(value) = number::parse::<u32>(text) else { return Err(cx.bad_number(text).await) };
    match T::try_from(value) {
        Ok(fitting) if range.contains(&fitting) => Ok(fitting),
        _ => {
            cx.error(format!("number {value} is not in {}..{} range", range.start(), range.end())).await;
            Err(1)
        }
    }
}

/// A whole year: three months side by side, or two where days are counted from its start.
fn put_year(cx: &mut Cx, year: i16, style: Style) {
    let across: i8 = if style.julian { 2 } else { 3 };
    let width = style.width();
    let line_width = usize::from(across.unsigned_abs()) * (width + 2) - 2;
    let title = year.to_string();
    let left = line_width.saturating_sub(title.len()) / 2;
    let right = line_width.saturating_sub(title.len() + left);
    cx.put(format!("{}{title}{}\n\n", " ".repeat(left), " ".repeat(right)));
    for first in (1..=12).step_by(usize::from(across.unsigned_abs())) {
        let months: Vec<i8> = (first..first + across).collect();
        let titles: Vec<String> = months
            .iter()
            .map(|month| {
                let name = month_name(*month);
                format!("{:<width$}", centered(name, width))
            })
            .collect();
        let headers = vec![style.header(); months.len()];
        cx.put(format!("{}\n{}\n", titles.join("  "), headers.join("  ")));
        let weeks: Vec<Vec<String>> =
            months.iter().map(|month| style.weeks(year, *month).unwrap_or_default()).collect();
        for index in 0..6 {
            let line: Vec<&str> =
                weeks.iter().map(|weeks| weeks.get(index).map_or("", String::as_str)).collect();
            let line = line.join("  ");
            cx.put(if line.trim().is_empty() { " ".repeat(79) } else { line.trim_end().to_owned() });
            cx.put("\n");
        }
    }
}

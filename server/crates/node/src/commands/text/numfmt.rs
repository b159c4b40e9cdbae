//! `numfmt`: numbers with and without units (GNU coreutils).

use super::super::{Cx, Lines};
use crate::libc::getopt::OptSpec;

const SUFFIXES: &str = "KMGTPEZY";

/// In what units numbers are read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    None,
    /// `K` is 1000 in `si`, 1024 in `iec`; `auto` takes `Ki` for 1024.
    Auto,
    Si,
    Iec,
    /// With an `i` after the letter.
    IecI,
}

impl Scale {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "none" => Self::None,
            "auto" => Self::Auto,
            "si" => Self::Si,
            "iec" => Self::Iec,
            "iec-i" => Self::IecI,
            _ => return None,
        })
    }

    fn base(self) -> f64 {
        if matches!(self, Self::Iec | Self::IecI) { 1024.0 } else { 1000.0 }
    }
}

/// How numbers that have to be cut short are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounding {
    Up,
    Down,
    FromZero,
    TowardsZero,
    Nearest,
}

impl Rounding {
    fn round(self, value: f64) -> f64 {
        match self {
            Self::Up => value.ceil(),
            Self::Down => value.floor(),
            Self::FromZero => value.abs().ceil().copysign(value),
            Self::TowardsZero => value.trunc(),
            Self::Nearest => value.abs().round().copysign(value),
        }
    }
}

struct Request {
    from: Scale,
    to: Scale,
    from_unit: f64,
    to_unit: f64,
    rounding: Rounding,
    suffix: String,
    padding: i64,
}

/// Why a text is no number.
fn refusal(text: &str, scale: Scale) -> String {
    let digits =
        text.trim_start_matches('-').find(|character: char| !character.is_ascii_digit() && character != '.');
    match digits {
        Some(0) => format!("invalid number: '{text}'"),
        Some(_) if scale == Scale::None => {
            let letter = text.chars().find(|character| character.is_ascii_alphabetic());
            match letter.filter(|letter| {
                SUFFIXES.contains(letter.to_ascii_uppercase()) && letter.is_ascii_uppercase()
            }) {
                Some(_) => format!("rejecting suffix in input: '{text}' (consider using --from)"),
                None => format!("invalid suffix in input: '{text}'"),
            }
        }
        _ if scale == Scale::IecI => format!("missing 'i' suffix in input: '{text}' (e.g Ki/Mi/Gi)"),
        _ => format!("invalid suffix in input: '{text}'"),
    }
}

impl Request {
    /// A number with its unit, as a plain one, and how many digits it has after the point.
    fn read(&self, text: &str) -> Result<(f64, usize), String> {
        let bare =
            text.strip_suffix(self.suffix.as_str()).filter(|_| !self.suffix.is_empty()).unwrap_or(text);
        let end =
            bare.find(|character: char| !character.is_ascii_digit() && !matches!(character, '.' | '-' | '+'));
        let (digits, unit) = bare.split_at(end.unwrap_or(bare.len()));
        let fail = || refusal(text, self.from);
        let value: f64 = digits.parse().map_err(|_| fail())?;
        let places = digits.split_once('.').map_or(0, |(_, after)| after.len());
        let (letter, binary) = match unit.strip_suffix('i') {
            Some(letter) => (letter, true),
            None => (unit, false),
        };
        if letter.is_empty() && !binary {
            return Ok((value * self.from_unit, places));
        }
        let power = SUFFIXES.find(letter).filter(|_| letter.len() == 1).ok_or_else(fail)? + 1;
        let base: f64 = match (self.from, binary) {
            (Scale::Auto, false) | (Scale::Si, false) => 1000.0,
            (Scale::Auto, true) | (Scale::Iec, false) | (Scale::IecI, true) => 1024.0,
            _ => return Err(fail()),
        };
        Ok((value * base.powi(i32::try_from(power).unwrap_or(0)) * self.from_unit, 0))
    }

    fn write(&self, value: f64, places: usize) -> String {
        let value = value / self.to_unit;
        let text = if self.to == Scale::None {
            let factor = 10f64.powi(i32::try_from(places).unwrap_or(0));
            format!("{:.places$}", self.rounding.round(value * factor) / factor)
        } else {
            let base = self.to.base();
            let (mut shown, mut power) = (value, 0);
            while shown.abs() >= base && power < SUFFIXES.len() {
                shown /= base;
                power += 1;
            }
            let digits = |shown: f64| {
                if shown.abs() < 10.0 {
                    self.rounding.round(shown * 10.0) / 10.0
                } else {
                    self.rounding.round(shown)
                }
            };
            if power == 0 {
                shown = self.rounding.round(shown);
            } else {
                shown = digits(shown);
                if shown.abs() >= base && power < SUFFIXES.len() {
                    shown = digits(shown / base);
                    power += 1;
                }
            }
            let number =
                if power > 0 && shown.abs() < 10.0 { format!("{shown:.1}") } else { format!("{shown:.0}") };
            let letter = power.checked_sub(1).and_then(|index| SUFFIXES.get(index..=index)).unwrap_or("");
            let binary = if self.to == Scale::IecI && power > 0 { "i" } else { "" };
            format!("{number}{letter}{binary}")
        };
        text + &self.suffix
    }

    fn padded(&self, text: String, width: usize) -> String {
        let padding = if self.padding == 0 { i64::try_from(width).unwrap_or(0) } else { self.padding };
        let width = usize::try_from(padding.unsigned_abs()).unwrap_or(0);
        if padding >= 0 { format!("{text:>width$}") } else { format!("{text:<width$}") }
    }
}

/// Which fields are converted: `2`, `1,3`, `2-`, `-`.
fn fields(text: &str) -> Option<Vec<(usize, usize)>> {
    text.split(',')
        .map(|part| match part.split_once('-') {
            None => part.parse().ok().filter(|field| *field > 0).map(|field| (field, field)),
            Some((from, to)) => {
                let from = if from.is_empty() { 1 } else { from.parse().ok()? };
                let to = if to.is_empty() { usize::MAX } else { to.parse().ok()? };
                (from > 0 && from <= to).then_some((from, to))
            }
        })
        .collect()
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "d:z",
        long: &[
            ("delimiter=", b'd'),
            ("field=", b'f'),
            ("from=", b'F'),
            ("from-unit=", b'u'),
            ("to=", b'T'),
            ("to-unit=", b'U'),
            ("round=", b'r'),
            ("suffix=", b's'),
            // The C locale has no separator of thousands.
            ("grouping", b'g'),
            ("padding=", b'p'),
            ("header==", b'h'),
            ("invalid=", b'i'),
            ("format=", b'o'),
            ("zero-terminated", b'z'),
        ],
    };
    let opts = match cx.opts(spec, "[OPTION]... [NUMBER]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let text = |letter: u8| opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned());
    let mut request = Request {
        from: Scale::None,
        to: Scale::None,
        from_unit: 1.0,
        to_unit: 1.0,
        rounding: Rounding::FromZero,
        suffix: text(b's').unwrap_or_default(),
        padding: 0,
    };
    for (letter, name) in [(b'F', "from"), (b'T', "to")] {
        let Some(given) = text(letter) else { continue };
        let parsed = Scale::parse(&given).filter(|scale| letter == b'F' || *scale != Scale::Auto);
        let Some(scale) = parsed else {
            let valid = if letter == b'F' { "  - 'none'\n  - 'auto'\n" } else { "  - 'none'\n" };
            cx.error(format!("invalid argument '{given}' for '--{name}'\nValid arguments are:\n{valid}  - 'si'\n  - 'iec'\n  - 'iec-i'"))
                .await;
            return cx.bad_usage("").await;
        };
        *(if letter == b'F' { &mut request.from } else { &mut request.to }) = scale;
    }
    for (letter, unit) in [(b'u', &mut request.from_unit), (b'U', &mut request.to_unit)] {
        if let Some(given) = text(letter) {
            match given.parse::<f64>() {
                Ok(value) if value >= 1.0 => *unit = value,
                _ => {
                    cx.error(format!("invalid unit size: '{given}'")).await;
                    return 1;
                }
            }
        }
    }
    if let Some(given) = text(b'p') {
        match given.parse::<i64>() {
            Ok(padding) if padding != 0 && padding.abs() < 4096 => request.padding = padding,
            _ => {
                cx.error(format!("invalid padding value '{given}'")).await;
                return 1;
            }
        }
    }
    if let Some(given) = text(b'r') {
        request.rounding = match given.as_str() {
            "up" => Rounding::Up,
            "down" => Rounding::Down,
            "from-zero" => Rounding::FromZero,
            "towards-zero" => Rounding::TowardsZero,
            "nearest" => Rounding::Nearest,
            _ => {
                cx.error(format!("invalid argument '{given}' for '--round'")).await;
                return cx.bad_usage("").await;
            }
        };
    }
    let Some(wanted) = fields(&text(b'f').unwrap_or_else(|| "1".to_owned())) else {
        let shown = text(b'f').unwrap_or_default();
        cx.error(format!("invalid field value '{shown}'")).await;
        return cx.bad_usage("").await;
    };
    let delimiter = opts.value(b'd').and_then(|text| text.first().copied());
    let patience = text(b'i').unwrap_or_else(|| "abort".to_owned());
    let mut header =
        if opts.has(b'h') { text(b'h').and_then(|text| text.parse().ok()).unwrap_or(1usize) } else { 0 };
    let mut code = 0;
    let mut operands = opts.operands.iter();
    let mut input = match (opts.operands.is_empty(), cx.process.file(0)) {
        (true, Ok(file)) => Some(Lines::new(file)),
        _ => None,
    };
    loop {
        let line = match &mut input {
            None => operands.next().cloned(),
            Some(lines) => match lines.next(&mut cx).await {
                Ok(line) => line.map(|line| line.text),
                Err(errno) => {
                    let text = cx.text(errno);
                    cx.error(format!("error reading input: {text}")).await;
                    return cx.finish(1).await;
                }
            },
        };
        let Some(line) = line else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        if input.is_some() && header > 0 {
            header -= 1;
            cx.put(line + "\n");
            continue;
        }
        let (out, problem) = converted(&request, &line, &wanted, delimiter);
        if let Some(problem) = problem {
            match patience.as_str() {
                "ignore" => {}
                "warn" => cx.error(problem).await,
                "fail" => {
                    code = 2;
                    cx.error(problem).await;
                }
                _ => {
                    cx.error(problem).await;
                    return cx.finish(2).await;
                }
            }
        }
        cx.put(out + "\n");
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(code).await
}

/// A line with its wanted fields converted, and what is wrong with the first that cannot be.
fn converted(
    request: &Request,
    line: &str,
    wanted: &[(usize, usize)],
    delimiter: Option<u8>,
) -> (String, Option<String>) {
    let mut out = String::new();
    let mut problem = None;
    let mut rest = line;
    let mut number = 0;
    while number == 0 || !rest.is_empty() {
        number += 1;
        let (blanks, field, separator);
        (blanks, field, separator, rest) = match delimiter {
            Some(delimiter) => {
                let end = rest.find(char::from(delimiter));
                let (field, after) = rest.split_at(end.unwrap_or(rest.len()));
                ("", field, &after[..end.map_or(0, |_| 1)], &after[end.map_or(0, |_| 1)..])
            }
            None => {
                let start = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let field = &rest[start..];
                let end = field.find([' ', '\t']).unwrap_or(field.len());
                (&rest[..start], &field[..end], "", &field[end..])
            }
        };
        let fits = wanted.iter().any(|(from, to)| (*from..=*to).contains(&number));
        if !fits || field.is_empty() {
            out.push_str(blanks);
            out.push_str(field);
        } else {
            match request.read(field) {
                Ok((value, places)) => {
                    // Blanks before a field are room for it, but for the one that separates it.
                    let keep = usize::from(number > 1 && !blanks.is_empty());
                    out.push_str(&blanks[..keep]);
                    let width = if blanks.len() > keep { blanks.len() - keep + field.len() } else { 0 };
                    out.push_str(&request.padded(request.write(value, places), width));
                }
                Err(message) => {
                    problem.get_or_insert(message);
                    out.push_str(blanks);
                    out.push_str(field);
                }
            }
        }
        out.push_str(separator);
    }
    (out, problem)
}

#[cfg(test)]
mod tests {
    use super::{Request, Rounding, Scale, converted};

    fn request(from: Scale, to: Scale) -> Request {
        let rounding = Rounding::FromZero;
        Request { from, to, from_unit: 1.0, to_unit: 1.0, rounding, suffix: String::new(), padding: 0 }
    }

    #[test]
    fn units_are_read_and_written() {
        let shown = |from, to, text: &str| converted(&request(from, to), text, &[(1, 1)], None).0;
        assert_eq!(shown(Scale::None, Scale::Iec, "2048"), "2.0K");
        assert_eq!(shown(Scale::None, Scale::IecI, "1048577"), "1.1Mi");
        assert_eq!(shown(Scale::None, Scale::Si, "999999"), "1.0M");
        assert_eq!(shown(Scale::Iec, Scale::None, "1.5K"), "1536");
        assert_eq!(shown(Scale::Auto, Scale::None, "1Ki"), "1024");
        assert_eq!(shown(Scale::None, Scale::Si, "12"), "12");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let refused =
            |from, text: &str| converted(&request(from, Scale::None), text, &[(1, 1)], None).1.unwrap();
        assert_eq!(refused(Scale::None, "abc"), "invalid number: 'abc'");
        assert_eq!(refused(Scale::None, "1K"), "rejecting suffix in input: '1K' (consider using --from)");
        assert_eq!(refused(Scale::Si, "1Q"), "invalid suffix in input: '1Q'");
    }
}

//! Dates in header fields (RFC 9110, 5.6.7).

use jiff::{Timestamp, tz::TimeZone};

const FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(crate) fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime(FORMAT).to_string()
}

/// The time that a field says.
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    let date = jiff::civil::DateTime::strptime(FORMAT, text.trim()).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::{http_date, parse_http_date};

    #[test]
    fn dates_are_read_as_they_are_written() {
        let at = jiff::Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at));
        assert_eq!(parse_http_date("yesterday"), None);
    }
}

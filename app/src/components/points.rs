//! Points and other counted things, in words.

use leptos::prelude::*;

/// "3 of 8 points".
#[component]
pub(crate) fn Points(points: u32, of: u32) -> impl IntoView {
    view! { <span class="points">{format!("{points} of {}", count(of, "point"))}</span> }
}

/// "1 check", "2 checks": a number with its noun.
pub(crate) fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        assert_eq!(count(0u32, "check"), "0 checks");
        assert_eq!(count(1u32, "check"), "1 check");
        assert_eq!(count(7u32, "check"), "7 checks");
    }
}

//! "Did you mean …?"

/// The candidate that `word` is most likely a misspelling of; `None` where none is near.
///
/// Near means: equal but for case, or at most a third of the longer word's letters inserted, deleted, replaced
/// or swapped with their neighbour.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (word.chars().count().max(candidate.chars().count()) / 3).max(1)
                && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?` with the nearest candidate, or nothing.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |candidate| format!("; did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_spelling_is_found() {
        let fields = ["containers", "volumes", "restartPolicy", "initContainers"];
        assert_eq!(nearest("contaners", fields), Some("containers"));
        assert_eq!(nearest("restartpolicy", fields), Some("restartPolicy"));
        assert_eq!(nearest("initcontainer", fields), Some("initContainers"));
        assert_eq!(nearest("volums", fields), Some("volumes"));
    }

    #[test]
    fn what_is_far_off_gets_no_suggestion() {
        assert_eq!(nearest("affinity", ["containers", "volumes"]), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("", ["x"]), None);
    }
}

//! File modes as text: `644`, `u+x`, `a=rX,go-w` (POSIX XCU chmod).

/// The mode that `text` makes of `mode`, if it can be read. `umask` holds for clauses that name nobody.
pub(crate) fn apply(text: &[u8], mode: u16, is_dir: bool, umask: u16) -> Option<u16> {
    if !text.is_empty() && text.iter().all(|byte| matches!(byte, b'0'..=b'7')) {
        let value =
            text.iter().fold(0u32, |value, digit| (value * 8 + u32::from(digit - b'0')).min(0o10_0000));
        return u16::try_from(value).ok().filter(|mode| *mode <= 0o7777);
    }
    let mut mode = mode;
    for clause in text.split(|byte| *byte == b',') {
        mode = apply_clause(clause, mode, is_dir, umask)?;
    }
    Some(mode)
}

fn apply_clause(clause: &[u8], mut mode: u16, is_dir: bool, umask: u16) -> Option<u16> {
    let who_len = clause.iter().take_while(|byte| matches!(byte, b'u' | b'g' | b'o' | b'a')).count();
    let (who, mut rest) = clause.split_at(who_len);
    let classes = |letters: &[u8]| {
        letters.iter().fold(0u16, |mask, letter| {
            mask | match letter {
                b'u' => 0o4700,
                b'g' => 0o2070,
                b'o' => 0o1007,
                _ => 0o7777,
            }
        })
    };
    let (mask, limited) = if who.is_empty() { (0o7777, !umask) } else { (classes(who), 0o7777) };
    if rest.is_empty() {
        return None;
    }
    while let Some((op, after)) = rest.split_first() {
        if !matches!(op, b'+' | b'-' | b'=') {
            return None;
        }
        let len = after.iter().take_while(|byte| !matches!(byte, b'+' | b'-' | b'=')).count();
        let (letters, next) = after.split_at(len);
        let mut bits = 0u16;
        for letter in letters {
            bits |= match letter {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                b'X' if is_dir || mode & 0o111 != 0 => 0o111,
                b'X' => 0,
                b's' => 0o6000,
                b't' => 0o1000,
                b'u' => copy(mode >> 6),
                b'g' => copy(mode >> 3),
                b'o' => copy(mode),
                _ => return None,
            };
        }
        let sticky = if who.is_empty() || who.contains(&b'a') { 0o1000 } else { 0 };
        let bits = bits & (mask | sticky) & (limited | 0o7000);
        match op {
            b'+' => mode |= bits,
            b'-' => mode &= !bits,
            _ => mode = (mode & !(mask & 0o0777) & !(mask & 0o6000 & if is_dir { 0 } else { 0o6000 })) | bits,
        }
        rest = next;
    }
    Some(mode)
}

/// A class's bits for all classes.
fn copy(bits: u16) -> u16 {
    let bits = bits & 7;
    bits << 6 | bits << 3 | bits
}

/// `rwxr-xr-x`, with the letters for set-user-ID, set-group-ID and sticky.
pub(crate) fn letters(mode: u16) -> String {
    let mut out = String::with_capacity(9);
    for (shift, special, set, unset) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')]
    {
        let bits = mode >> shift;
        out.push(if bits & 4 != 0 { 'r' } else { '-' });
        out.push(if bits & 2 != 0 { 'w' } else { '-' });
        out.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => set,
            (true, false) => unset,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{apply, letters};

    #[test]
    fn symbolic_and_octal_modes() {
        let mode = |text: &str, mode, is_dir| apply(text.as_bytes(), mode, is_dir, 0o022);
        assert_eq!(mode("755", 0, false), Some(0o755));
        assert_eq!(mode("1777", 0, false), Some(0o1777));
        assert_eq!(mode("u+x", 0o644, false), Some(0o744));
        assert_eq!(mode("+x", 0o644, false), Some(0o755));
        assert_eq!(mode("go-rw", 0o666, false), Some(0o600));
        assert_eq!(mode("a=rX", 0o600, false), Some(0o444));
        assert_eq!(mode("a=rX", 0o700, true), Some(0o555));
        assert_eq!(mode("u=rwx,g=rx,o=", 0o644, false), Some(0o750));
        assert_eq!(mode("g=u", 0o640, false), Some(0o660));
        assert_eq!(mode("+t", 0o777, true), Some(0o1777));
        assert_eq!(mode("u+s", 0o755, false), Some(0o4755));
        assert_eq!(mode("+w", 0o444, false), Some(0o644));
        assert_eq!(mode("banana", 0, false), None);
        assert_eq!(mode("", 0, false), None);
        assert_eq!(mode("99999", 0, false), None);
    }

    #[test]
    fn letters_as_ls_shows_them() {
        assert_eq!(letters(0o755), "rwxr-xr-x");
        assert_eq!(letters(0o1777), "rwxrwxrwt");
        assert_eq!(letters(0o4744), "rwsr--r--");
        assert_eq!(letters(0o2640), "rw-r-S---");
    }
}

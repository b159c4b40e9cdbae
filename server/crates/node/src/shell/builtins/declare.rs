//! `declare`, `typeset`, `local`: variables and their attributes; and what the builtins that declare have in common.

use bytes::Bytes;

use super::{Effect, functions, usage};
use crate::shell::{
    Dialect,
    arith::name_len,
    frames::SourceKind,
    quote,
    state::Shell,
    variables::{LetterCase, Value, Variable},
};

/// A name, and the value after `=`.
pub(super) fn split(operand: &Bytes) -> (Bytes, Option<Bytes>, bool) {
    match operand.iter().position(|byte| *byte == b'=') {
        Some(at) if at > 0 && operand[at - 1] == b'+' => {
            (operand.slice(..at - 1), Some(operand.slice(at + 1..)), true)
        }
        Some(at) => (operand.slice(..at), Some(operand.slice(at + 1..)), false),
        None => (operand.clone(), None, false),
    }
}

/// Says that something is no name.
pub(super) fn not_identifier(shell: &mut Shell, operand: &[u8]) -> Effect {
    shell.complain(&format!("`{}': not a valid identifier", String::from_utf8_lossy(operand)));
    Effect::Status(1)
}

pub(super) fn check_name(shell: &mut Shell, name: &[u8], operand: &[u8]) -> Result<(), Effect> {
    if name_len(name) == name.len() && !name.is_empty() {
        return Ok(());
    }
    if shell.dialect.is_bash() {
        return Err(not_identifier(shell, operand));
    }
    shell.complain(&format!("{}: bad variable name", String::from_utf8_lossy(name)));
    Err(Effect::Fatal(2))
}

/// The letters of a variable's attributes, as `declare -p` and `${name@a}` show them.
pub(crate) fn attributes(variable: &Variable) -> String {
    let letters = [
        (matches!(variable.value, Value::Indexed(_)), 'a'),
        (matches!(variable.value, Value::Keyed(_)), 'A'),
        (variable.integer, 'i'),
        (variable.reference, 'n'),
        (variable.read_only, 'r'),
        (variable.exported, 'x'),
        (variable.letter_case == Some(LetterCase::Capital), 'c'),
        (variable.letter_case == Some(LetterCase::Lower), 'l'),
        (variable.letter_case == Some(LetterCase::Upper), 'u'),
    ];
    letters.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect()
}

/// The `declare` command that makes a variable what it is.
pub(crate) fn declaration(name: &[u8], variable: &Variable) -> Vec<u8> {
    let letters = attributes(variable);
    let letters = if letters.is_empty() { "-" } else { &letters };
    let mut line = format!("declare -{letters} ").into_bytes();
    line.extend_from_slice(name);
    match &variable.value {
        Value::Unset => {}
        Value::Indexed(_) | Value::Keyed(_) if !variable.assigned => {}
        Value::Scalar(text) => line.extend([b"=".to_vec(), quote::double(text)].concat()),
        array => line.extend([b"=".to_vec(), array_text(array)].concat()),
    }
    line
}

/// An array as `declare -p` and `set` write it.
pub(super) fn array_text(value: &Value) -> Vec<u8> {
    let mut out = b"(".to_vec();
    match value {
        Value::Indexed(array) => {
            let elements: Vec<Vec<u8>> = array
                .iter()
                .map(|(index, text)| [format!("[{index}]=").as_bytes(), &quote::double(text)].concat())
                .collect();
            out.extend(elements.join(&b' '));
        }
        Value::Keyed(array) => {
            for (key, text) in array.iter() {
                let plain =
                    key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-+=./:,%@".contains(byte));
                let key = if plain { key.to_vec() } else { quote::double(key) };
                out.extend([b"[", &key[..], b"]=", &quote::double(text), b" "].concat());
            }
        }
        Value::Unset | Value::Scalar(_) => {}
    }
    out.push(b')');
    out
}

/// Lists variables as `export -p` and the like do.
pub(super) fn list(shell: &mut Shell, word: &str, fits: impl Fn(&Variable) -> bool) -> Effect {
    let mut out = Vec::new();
    for (name, variable) in shell.variables.sorted() {
        if !fits(variable) {
            continue;
        }
        if shell.dialect.is_bash() {
            out.extend(declaration(name, variable));
        } else {
            out.extend([word.as_bytes(), b" ", name].concat());
            if let Some(text) = variable.text() {
                out.push(b'=');
                out.extend(quote::single(text, shell.dialect));
            }
        }
        out.push(b'\n');
    }
    shell.output.extend(out);
    Effect::Status(0)
}

pub(super) fn set(shell: &mut Shell, name: &[u8], value: Bytes, append: bool) -> Result<(), Effect> {
    let value = if append {
        let old = shell.value_of(name);
        shell.appended(name, old, value)
    } else {
        Ok(value)
    };
    value.and_then(|value| shell.assign(name, value)).map_err(|message| {
        // What cannot be assigned is no matter of `export` and `readonly` in bash.
        let builtin = shell.builtin.take();
        let named = [&b"declare"[..], b"typeset", b"local"];
        if !shell.dialect.is_bash() || builtin.as_deref().is_some_and(|name| named.contains(&name)) {
            shell.builtin.clone_from(&builtin);
        }
        shell.complain(&message);
        shell.builtin = builtin;
        if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) }
    })
}

/// Hides a variable until the function ends; `false` outside of functions.
fn hide(shell: &mut Shell, name: &Bytes) -> bool {
    let old = shell.variables.get(name).cloned();
    match shell.locals() {
        Some(locals) => {
            if locals.iter().any(|(known, _)| known == name) {
                return false;
            }
            locals.push((name.clone(), old));
            true
        }
        None => false,
    }
}

pub(super) fn local(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.locals().is_none() {
        let message = match shell.dialect {
            Dialect::Bash => "can only be used in a function",
            _ => "not in a function",
        };
        shell.complain(message);
        return if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) };
    }
    if shell.dialect.is_bash() {
        return declare(shell, args);
    }
    for operand in &args[1..] {
        let (name, value, append) = split(operand);
        if operand == "-" {
            shell.hide_options();
            continue;
        }
        if let Err(effect) = check_name(shell, &name, operand) {
            return effect;
        }
        let hidden = hide(shell, &name);
        match value {
            Some(value) => {
                if let Err(effect) = set(shell, &name, value, append) {
                    return effect;
                }
            }
            None if hidden && shell.dialect == Dialect::Ash => {
                let _ = shell.variables.unset(&name);
            }
            None => {}
        }
    }
    Effect::Status(0)
}

fn text_of_usage(name: &[u8]) -> &'static str {
    match name {
        b"local" => "local [option] name[=value] ...",
        b"typeset" => "typeset [-aAfFgiIlnrtux] name[=value] ... or typeset -p [-aAfFilnrtux] [name ...]",
        _ => "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]",
    }
}

/// `declare`, `typeset`, and in bash `local`.
pub(super) fn declare(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    let mut operands = &args[1..];
    while let Some(option) = operands.first() {
        let target = match option.first() {
            Some(b'-') if option.len() > 1 => &mut on,
            Some(b'+') if option.len() > 1 => &mut off,
            _ => break,
        };
        operands = &operands[1..];
        if option == "--" {
            break;
        }
        if let Some(letter) = option[1..].iter().find(|letter| !b"aAcfFgiIlnrtuxp".contains(letter)) {
            return usage(shell, *letter, text_of_usage(&args[0]));
        }
        target.extend_from_slice(&option[1..]);
    }
    if on.contains(&b'f') || on.contains(&b'F') {
        if let Some(letter) = on.iter().find(|letter| b"aAin".contains(letter)) {
            shell.complain(&format!("-{}: invalid option", char::from(*letter)));
            return Effect::Status(1);
        }
        return functions::declare(shell, operands, &on, &off);
    }
    if operands.is_empty() && args[0] == "local" && on.is_empty() {
        return list_locals(shell);
    }
    if operands.is_empty() {
        let wanted: Vec<char> = on
            .iter()
            .filter(|letter| !matches!(letter, b'p' | b'g'))
            .map(|letter| char::from(*letter))
            .collect();
        return list(shell, "declare", |variable| {
            let letters = attributes(variable);
            wanted.iter().all(|letter| letters.contains(*letter))
        });
    }
    let (mut status, mut elements) = (0, Vec::new());
    for operand in operands {
        if operand == "-" && args[0] == "local" {
            shell.hide_options();
            continue;
        }
        let done = match on.contains(&b'p') {
            true => print(shell, operand).map(|()| None),
            false => one(shell, operand, &on, &off),
        };
        match done {
            Ok(assignment) => elements.extend(assignment.into_iter().flatten()),
            Err(Effect::Status(failed)) => status = failed,
            Err(effect) => return effect,
        }
    }
    if !elements.is_empty() && status == 0 {
        let line = shell.line;
        return Effect::Source { text: elements, kind: SourceKind::Eval { line }, line };
    }
    Effect::Status(status)
}

fn print(shell: &mut Shell, name: &Bytes) -> Result<(), Effect> {
    let made_up = shell.made_up_array(name);
    let mut variable = shell.variables.get(name).cloned();
    if let Some(value) = made_up {
        variable = Some(Variable::holding(value));
    }
    let Some(variable) = variable else {
        shell.complain(&format!("{}: not found", String::from_utf8_lossy(name)));
        return Err(Effect::Status(1));
    };
    let line = declaration(name, &variable);
    shell.output.extend(line);
    shell.output.push(b'\n');
    Ok(())
}

/// `local` without operands: the function's own variables.
fn list_locals(shell: &mut Shell) -> Effect {
    let names: Vec<Bytes> = shell
        .locals()
        .map(|locals| locals.iter().map(|(name, _)| name.clone()).collect())
        .unwrap_or_default();
    for name in names {
        if let Some(variable) = shell.variables.get(&name) {
            let line = declaration(&name, variable);
            shell.output.extend(line);
            shell.output.push(b'\n');
        }
    }
    Effect::Status(0)
}

/// Declares one variable. The elements of an array that are given in one word, as in `declare -a 'a=(1 2)'`, are returned as
/// the assignment that is to be run next.
fn one(shell: &mut Shell, operand: &Bytes, on: &[u8], off: &[u8]) -> Result<Option<Vec<u8>>, Effect> {
    let (mut name, value, append) = split(operand);
    // `declare name[subscript]=value`
    let mut element = None;
    if let Some((array, key)) = crate::shell::expand::subscripted(&name) {
        (name, element) = (array, Some(key));
    }
    check_name(shell, &name, operand)?;
    let is_local = !on.contains(&b'g') && hide(shell, &name);
    if is_local && !shell.shopts.is_on("localvar_inherit") {
        shell.variables.put_back(&name, None);
    }
    let references = on.contains(&b'n');
    let own = name.clone();
    if !references && !is_local {
        name = shell.resolve(&name);
    }
    if references && value.as_ref() == Some(&name) {
        let shown = String::from_utf8_lossy(&name).into_owned();
        shell.complain(&format!("{shown}: nameref variable self references not allowed"));
        return Err(Effect::Status(1));
    }
    if references && let Some(target) = &value {
        let base =
            crate::shell::expand::subscripted(target).map_or_else(|| target.clone(), |(array, _)| array);
        if base.is_empty() || name_len(&base) != base.len() {
            let shown = String::from_utf8_lossy(target).into_owned();
            shell.complain(&format!("`{shown}': invalid variable name for name reference"));
            return Err(Effect::Status(1));
        }
    }
    let read_only = shell.variables.get(&name).is_some_and(|variable| variable.read_only);
    if read_only && (off.contains(&b'r') || value.is_some()) {
        let message = shell.read_only_message(&name);
        shell.complain(&message);
        return Err(Effect::Status(1));
    }
    let (indexed, keyed) = (on.contains(&b'a'), on.contains(&b'A'));
    let destroyed = match shell.variables.get(&name).map(|variable| &variable.value) {
        Some(Value::Indexed(_)) => off.contains(&b'a'),
        Some(Value::Keyed(_)) => off.contains(&b'A'),
        _ => false,
    };
    if destroyed {
        let shown = String::from_utf8_lossy(&name).into_owned();
        shell.complain(&format!("{shown}: cannot destroy array variables in this way"));
        return Err(Effect::Status(1));
    }
    match shell.variables.get(&name).map(|variable| &variable.value) {
        Some(Value::Indexed(_)) if keyed => {
            let shown = String::from_utf8_lossy(&name).into_owned();
            shell.complain(&format!("{shown}: cannot convert indexed to associative array"));
            return Err(Effect::Status(1));
        }
        Some(Value::Keyed(_)) if indexed => {
            let shown = String::from_utf8_lossy(&name).into_owned();
            shell.complain(&format!("{shown}: cannot convert associative to indexed array"));
            return Err(Effect::Status(1));
        }
        _ => {}
    }
    shell.variables.mark(&name, |variable| {
        if indexed || keyed {
            let old = std::mem::replace(&mut variable.value, Value::Unset);
            variable.value = match old {
                Value::Unset if keyed => Value::Keyed(Default::default()),
                Value::Unset => Value::Indexed(Default::default()),
                Value::Scalar(text) if keyed => {
                    let mut array = crate::shell::variables::Keyed::default();
                    array.insert(b"0", text);
                    Value::Keyed(array)
                }
                Value::Scalar(text) => Value::Indexed([(0, text)].into()),
                array => array,
            };
        }
        let changed = |letter: u8| match (on.contains(&letter), off.contains(&letter)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        if let Some(integer) = changed(b'i') {
            variable.integer = integer;
        }
        for (letter, case) in
            [(b'c', LetterCase::Capital), (b'l', LetterCase::Lower), (b'u', LetterCase::Upper)]
        {
            match changed(letter) {
                Some(true) => variable.letter_case = Some(case),
                Some(false) if variable.letter_case == Some(case) => variable.letter_case = None,
                _ => {}
            }
        }
        // What it leads to is to be changed, not what it led to.
        if references && value.is_some() {
            variable.reference = false;
        }
    });
    let is_array = matches!(
        shell.variables.get(&name).map(|variable| &variable.value),
        Some(Value::Indexed(_) | Value::Keyed(_))
    );
    if let Some(value) = &value
        && is_array
        && element.is_none()
        && value.starts_with(b"(")
        && value.ends_with(b")")
    {
        let mut text = [&name[..], if append { b"+=" } else { b"=" }, value, b"\n"].concat();
        if on.contains(&b'r') {
            text.extend([b"readonly ", &name[..], b"\n"].concat());
        }
        if on.contains(&b'x') {
            shell.variables.export(&name, true);
        }
        return Ok(Some(text));
    }
    if let Some(value) = value {
        match element {
            Some(key) => {
                let key = shell.key_of(&name, &key);
                if let Err(message) = shell.assign_element(&name, key, value) {
                    shell.complain(&message);
                    return Err(Effect::Status(1));
                }
            }
            None => set(shell, &name, value, append)?,
        }
    }
    if off.contains(&b'n') {
        shell.variables.mark(&own, |variable| variable.reference = false);
    }
    if references {
        shell.variables.mark(&name, |variable| variable.reference = true);
    }
    if on.contains(&b'x') || off.contains(&b'x') {
        shell.variables.export(&name, on.contains(&b'x'));
    }
    if on.contains(&b'r') {
        shell.variables.set_read_only(&name);
    }
    Ok(None)
}

//! Keys, whatever they hold.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    Call, Command, Database, NO_KEY, NOT_INTEGER, SYNTAX, Value, bulks, error, flag, is, length, number,
    reads, writes,
};
use crate::{
    libc::fnmatch::{MatchOptions, matches},
    servers::redis::protocol::Reply,
};

/// How many keys a step of `SCAN` returns where nobody says.
const SCANNED: usize = 10;
/// How many entries, and how long ones, Redis keeps in its compact encodings.
const COMPACT: (usize, usize) = (128, 64);

pub(super) const COMMANDS: &[Command] = &[
    writes("DEL", -2, remove),
    writes("UNLINK", -2, remove),
    reads("EXISTS", -2, exists),
    reads("TOUCH", -2, exists),
    reads("TYPE", 2, kind),
    reads("KEYS", 2, keys),
    reads("SCAN", -2, scan),
    reads("DBSIZE", 1, |database, _| length(database.slots.len())),
    reads("RANDOMKEY", 1, any),
    writes("RENAME", 3, rename),
    writes("RENAMENX", 3, rename),
    writes("COPY", -3, copy),
    writes("EXPIRE", -3, expire),
    writes("PEXPIRE", -3, expire),
    writes("EXPIREAT", -3, expire),
    writes("PEXPIREAT", -3, expire),
    writes("PERSIST", 2, persist),
    reads("TTL", 2, time_left),
    reads("PTTL", 2, time_left),
    reads("EXPIRETIME", 2, time_left),
    reads("PEXPIRETIME", 2, time_left),
    reads("OBJECT", -2, object),
];

fn remove(database: &mut Database, call: &Call<'_>) -> Reply {
    length(call.args.iter().filter(|key| database.remove(key).is_some()).count())
}

fn exists(database: &mut Database, call: &Call<'_>) -> Reply {
    length(call.args.iter().filter(|key| database.get(key).is_some()).count())
}

fn kind(database: &mut Database, call: &Call<'_>) -> Reply {
    Reply::Status(database.get(&call.args[0]).map_or("none", Value::kind).to_owned())
}

fn fits(pattern: &[u8], key: &[u8]) -> bool {
    matches(pattern, key, MatchOptions::default())
}

fn keys(database: &mut Database, call: &Call<'_>) -> Reply {
    bulks(database.slots.keys().filter(|key| fits(&call.args[0], key)))
}

fn scan(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(cursor) = number(&call.args[0]).and_then(|cursor| usize::try_from(cursor).ok()) else {
        return error("ERR invalid cursor");
    };
    let (mut pattern, mut count, mut kind) = (None, SCANNED, None);
    for pair in call.args[1..].chunks(2) {
        match pair {
            [option, value] if is(option, "MATCH") => pattern = Some(value),
            [option, value] if is(option, "COUNT") => {
                let Some(number) = number(value) else { return error(NOT_INTEGER) };
                let Some(number) = usize::try_from(number).ok().filter(|number| *number > 0) else {
                    return error(SYNTAX);
                };
                count = number;
            }
            [option, value] if is(option, "TYPE") => kind = Some(value),
            _ => return error(SYNTAX),
        }
    }
    let seen = database.slots.iter().skip(cursor).take(count);
    let found: Vec<&Bytes> = seen
        .filter(|(key, slot)| {
            pattern.is_none_or(|pattern| fits(pattern, key))
                && kind.is_none_or(|kind| is(kind, slot.value.kind()))
        })
        .map(|(key, _)| key)
        .collect();
    let next = cursor.saturating_add(count);
    let next = if next >= database.slots.len() { 0 } else { next };
    Reply::Array(vec![Reply::text(next.to_string()), bulks(found)])
}

fn any(database: &mut Database, call: &Call<'_>) -> Reply {
    let len = database.slots.len().max(1);
    super::bulk(database.slots.keys().nth((call.random % len as u64) as usize))
}

fn rename(database: &mut Database, call: &Call<'_>) -> Reply {
    let only_new = call.name == "RENAMENX";
    let Some(slot) = database.slots.get(&call.args[0]).cloned() else { return error(NO_KEY) };
    if only_new && database.slots.contains_key(&call.args[1]) {
        return flag(false);
    }
    database.slots.remove(&call.args[0]);
    database.slots.insert(call.args[1].clone(), slot);
    if only_new { flag(true) } else { Reply::ok() }
}

fn copy(database: &mut Database, call: &Call<'_>) -> Reply {
    let replace = call.args.iter().skip(2).any(|word| is(word, "REPLACE"));
    match database.slots.get(&call.args[0]).cloned() {
        Some(slot) if replace || !database.slots.contains_key(&call.args[1]) => {
            database.slots.insert(call.args[1].clone(), slot);
            flag(true)
        }
        _ => flag(false),
    }
}

fn expire(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(time) = number(&call.args[1]) else { return error(NOT_INTEGER) };
    let millis = if call.name.starts_with('P') { Some(time) } else { time.checked_mul(1000) };
    let end = millis.and_then(|millis| match call.name.ends_with("AT") {
        true => Timestamp::from_millisecond(millis).ok(),
        false => call.now.checked_add(SignedDuration::from_millis(millis)).ok(),
    });
    let Some(end) = end else {
        return Reply::Error(format!("ERR invalid expire time in '{}' command", call.name.to_lowercase()));
    };
    let Some(slot) = database.slots.get_mut(&call.args[0]) else { return flag(false) };
    let allowed = match call.args.get(2) {
        None => true,
        Some(option) if is(option, "NX") => slot.ends.is_none(),
        Some(option) if is(option, "XX") => slot.ends.is_some(),
        Some(option) if is(option, "GT") => slot.ends.is_some_and(|old| end > old),
        Some(option) if is(option, "LT") => slot.ends.is_none_or(|old| end < old),
        Some(option) => {
            return Reply::Error(format!("ERR Unsupported option {}", String::from_utf8_lossy(option)));
        }
    };
    if allowed {
        slot.ends = Some(end);
        database.forget(call.now);
    }
    flag(allowed)
}

fn persist(database: &mut Database, call: &Call<'_>) -> Reply {
    flag(database.slots.get_mut(&call.args[0]).is_some_and(|slot| slot.ends.take().is_some()))
}

fn time_left(database: &mut Database, call: &Call<'_>) -> Reply {
    Reply::Integer(match database.slots.get(&call.args[0]).map(|slot| slot.ends) {
        None => -2,
        Some(None) => -1,
        Some(Some(end)) => {
            let left = end.as_millisecond() - call.now.as_millisecond();
            match call.name {
                "TTL" => (left + 500) / 1000,
                "PTTL" => left,
                "EXPIRETIME" => end.as_second(),
                _ => end.as_millisecond(),
            }
        }
    })
}

fn object(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(key) = call.args.get(1) else { return super::wrong_number("object") };
    let Some(value) = database.get(key) else { return Reply::Nil };
    match () {
        () if is(&call.args[0], "ENCODING") => Reply::text(encoding(value)),
        () if is(&call.args[0], "REFCOUNT") => Reply::Integer(1),
        () if is(&call.args[0], "IDLETIME") => Reply::Integer(0),
        () => error(&format!(
            "ERR unknown subcommand '{}'. Try OBJECT HELP.",
            String::from_utf8_lossy(&call.args[0])
        )),
    }
}

/// How Redis would keep a value.
fn encoding(value: &Value) -> &'static str {
    let (most, longest) = COMPACT;
    let is_short = |item: &Bytes| item.len() <= longest;
    match value {
        Value::Text(text) if text.len() <= 20 && number(text).is_some() => "int",
        Value::Text(text) if text.len() <= 44 => "embstr",
        Value::Text(_) => "raw",
        Value::List(list) if list.len() <= most && list.iter().all(is_short) => "listpack",
        Value::List(_) => "quicklist",
        Value::Hash(hash)
            if hash.len() <= most && hash.iter().all(|(field, value)| is_short(field) && is_short(value)) =>
        {
            "listpack"
        }
        Value::Set(set) if set.len() <= 512 && set.iter().all(|item| number(item).is_some()) => "intset",
        Value::Set(set) if set.len() <= most && set.iter().all(is_short) => "listpack",
        Value::Hash(_) | Value::Set(_) => "hashtable",
        Value::Sorted(sorted) if sorted.len() <= most && sorted.keys().all(is_short) => "listpack",
        Value::Sorted(_) => "skiplist",
    }
}

//! Strings.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    Call, Command, Database, NOT_FLOAT, NOT_INTEGER, SYNTAX, Slot, Value, WRONG_TYPE, bulk, error, flag,
    float, float_text, is, length, number, range, reads, writes,
};
use crate::servers::redis::protocol::Reply;

/// The longest string.
const MAX_STRING: usize = 8 << 20;

pub(super) const COMMANDS: &[Command] = &[
    writes("SET", -3, set),
    writes("SETEX", 4, set_for),
    writes("PSETEX", 4, set_for),
    writes("SETNX", 3, set_new),
    reads("GET", 2, get),
    writes("GETSET", 3, get_set),
    writes("GETDEL", 2, get_and_remove),
    writes("GETEX", -2, get_and_expire),
    writes("MSET", -3, set_many),
    writes("MSETNX", -3, set_many),
    reads("MGET", -2, get_many),
    writes("APPEND", 3, append),
    reads("STRLEN", 2, len),
    writes("INCR", 2, count),
    writes("DECR", 2, count),
    writes("INCRBY", 3, count),
    writes("DECRBY", 3, count),
    writes("INCRBYFLOAT", 3, add_float),
    reads("GETRANGE", 4, part),
    reads("SUBSTR", 4, part),
    writes("SETRANGE", 4, overwrite),
];

/// The string of a key, if there is one.
fn text<'a>(database: &'a Database, key: &[u8]) -> Result<Option<&'a Bytes>, Reply> {
    match database.get(key) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(error(WRONG_TYPE)),
    }
}

/// When a key ends that `EX`, `PX`, `EXAT` or `PXAT` is said of.
fn end(option: &[u8], time: &[u8], call: &Call<'_>) -> Result<Option<Timestamp>, Reply> {
    let (millis, from_now) = match () {
        () if is(option, "EX") => (1000, true),
        () if is(option, "PX") => (1, true),
        () if is(option, "EXAT") => (1000, false),
        () if is(option, "PXAT") => (1, false),
        () => return Ok(None),
    };
    let Some(time) = number(time) else { return Err(error(NOT_INTEGER)) };
    let invalid =
        || Reply::Error(format!("ERR invalid expire time in '{}' command", call.name.to_lowercase()));
    let millis = time.checked_mul(millis).filter(|_| time > 0).ok_or_else(invalid)?;
    let end = match from_now {
        true => call.now.checked_add(SignedDuration::from_millis(millis)).ok(),
        false => Timestamp::from_millisecond(millis).ok(),
    };
    end.map(Some).ok_or_else(invalid)
}

fn set(database: &mut Database, call: &Call<'_>) -> Reply {
    let (key, value) = (&call.args[0], &call.args[1]);
    let (mut only_new, mut only_old, mut keep, mut get, mut ends) = (false, false, false, false, None);
    let mut at = 2;
    while let Some(option) = call.args.get(at) {
        at += 1;
        match () {
            () if is(option, "NX") => only_new = true,
            () if is(option, "XX") => only_old = true,
            () if is(option, "KEEPTTL") => keep = true,
            () if is(option, "GET") => get = true,
            () => {
                let Some(time) = call.args.get(at) else { return error(SYNTAX) };
                at += 1;
                match end(option, time, call) {
                    Ok(Some(end)) => ends = Some(end),
                    Ok(None) => return error(SYNTAX),
                    Err(reply) => return reply,
                }
            }
        }
    }
    if only_new && only_old || keep && ends.is_some() {
        return error(SYNTAX);
    }
    let old = if get {
        match text(database, key) {
            Ok(old) => bulk(old),
            Err(reply) => return reply,
        }
    } else {
        Reply::Nil
    };
    let known = database.slots.get(key);
    if (only_new && known.is_some()) || (only_old && known.is_none()) {
        return old;
    }
    if keep {
        ends = known.and_then(|slot| slot.ends);
    }
    database.slots.insert(key.clone(), Slot { value: Value::Text(value.clone()), ends });
    if get { old } else { Reply::ok() }
}

fn set_for(database: &mut Database, call: &Call<'_>) -> Reply {
    let option: &[u8] = if call.name == "SETEX" { b"EX" } else { b"PX" };
    match end(option, &call.args[1], call) {
        Ok(ends) => {
            let value = Value::Text(call.args[2].clone());
            database.slots.insert(call.args[0].clone(), Slot { value, ends });
            Reply::ok()
        }
        Err(reply) => reply,
    }
}

fn set_new(database: &mut Database, call: &Call<'_>) -> Reply {
    let is_new = database.get(&call.args[0]).is_none();
    if is_new {
        database.set(&call.args[0], Value::Text(call.args[1].clone()));
    }
    flag(is_new)
}

fn get(database: &mut Database, call: &Call<'_>) -> Reply {
    text(database, &call.args[0]).map_or_else(|reply| reply, bulk)
}

fn get_set(database: &mut Database, call: &Call<'_>) -> Reply {
    let old = get(database, call);
    if !matches!(old, Reply::Error(_)) {
        database.set(&call.args[0], Value::Text(call.args[1].clone()));
    }
    old
}

fn get_and_remove(database: &mut Database, call: &Call<'_>) -> Reply {
    let old = get(database, call);
    if !matches!(old, Reply::Error(_)) {
        database.remove(&call.args[0]);
    }
    old
}

fn get_and_expire(database: &mut Database, call: &Call<'_>) -> Reply {
    let old = get(database, call);
    let ends = match &call.args[1..] {
        [] => return old,
        [option] if is(option, "PERSIST") => None,
        [option, time] => match end(option, time, call) {
            Ok(Some(end)) => Some(end),
            Ok(None) => return error(SYNTAX),
            Err(reply) => return reply,
        },
        _ => return error(SYNTAX),
    };
    if let Some(slot) = database.slots.get_mut(&call.args[0]) {
        slot.ends = ends;
    }
    old
}

fn set_many(database: &mut Database, call: &Call<'_>) -> Reply {
    if !call.args.len().is_multiple_of(2) {
        return super::wrong_number(call.name);
    }
    let only_new = call.name == "MSETNX";
    if only_new && call.args.chunks(2).any(|pair| database.get(&pair[0]).is_some()) {
        return flag(false);
    }
    call.args.chunks(2).for_each(|pair| database.set(&pair[0], Value::Text(pair[1].clone())));
    if only_new { flag(true) } else { Reply::ok() }
}

fn get_many(database: &mut Database, call: &Call<'_>) -> Reply {
    Reply::Array(call.args.iter().map(|key| text(database, key).map_or(Reply::Nil, bulk)).collect())
}

fn append(database: &mut Database, call: &Call<'_>) -> Reply {
    let old = match text(database, &call.args[0]) {
        Ok(old) => old.cloned().unwrap_or_default(),
        Err(reply) => return reply,
    };
    if old.len() + call.args[1].len() > MAX_STRING {
        return error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    }
    let all = Bytes::from([&old[..], &call.args[1]].concat());
    let reply = length(all.len());
    database.replace(&call.args[0], Value::Text(all));
    reply
}

fn len(database: &mut Database, call: &Call<'_>) -> Reply {
    match text(database, &call.args[0]) {
        Ok(text) => length(text.map_or(0, Bytes::len)),
        Err(reply) => reply,
    }
}

fn count(database: &mut Database, call: &Call<'_>) -> Reply {
    let by = match call.args.get(1) {
        None => Some(1),
        Some(by) => number(by),
    };
    let by = if call.name.starts_with('D') { by.and_then(i64::checked_neg) } else { by };
    let old = match text(database, &call.args[0]) {
        Ok(old) => old.map_or(Some(0), |old| number(old)),
        Err(reply) => return reply,
    };
    let (Some(by), Some(old)) = (by, old) else { return error(NOT_INTEGER) };
    let Some(sum) = old.checked_add(by) else { return error("ERR increment or decrement would overflow") };
    database.replace(&call.args[0], Value::Text(sum.to_string().into()));
    Reply::Integer(sum)
}

fn add_float(database: &mut Database, call: &Call<'_>) -> Reply {
    let old = match text(database, &call.args[0]) {
        Ok(old) => old.map_or(Some(0.0), |old| float(old)),
        Err(reply) => return reply,
    };
    let (Some(old), Some(by)) = (old, float(&call.args[1])) else { return error(NOT_FLOAT) };
    let sum = old + by;
    if !sum.is_finite() {
        return error("ERR increment would produce NaN or Infinity");
    }
    // Redis counts with more digits than a double has and shows 17 of them.
    let text = float_text((sum * 1e12).round() / 1e12);
    database.replace(&call.args[0], Value::Text(text.clone().into()));
    Reply::text(text)
}

fn part(database: &mut Database, call: &Call<'_>) -> Reply {
    let (Some(from), Some(to)) = (number(&call.args[1]), number(&call.args[2])) else {
        return error(NOT_INTEGER);
    };
    match text(database, &call.args[0]) {
        Ok(text) => {
            let text = text.cloned().unwrap_or_default();
            Reply::Bulk(text.slice(range(from, to, text.len())))
        }
        Err(reply) => reply,
    }
}

fn overwrite(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(at) = number(&call.args[1]) else { return error(NOT_INTEGER) };
    let Ok(at) = usize::try_from(at) else { return error("ERR offset is out of range") };
    let piece = &call.args[2];
    let mut all = match text(database, &call.args[0]) {
        Ok(old) => old.map_or_else(Vec::new, |old| old.to_vec()),
        Err(reply) => return reply,
    };
    if piece.is_empty() {
        return length(all.len());
    }
    let Some(end) = at.checked_add(piece.len()).filter(|end| *end <= MAX_STRING) else {
        return error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    };
    if all.len() < end {
        all.resize(end, 0);
    }
    all[at..end].copy_from_slice(piece);
    let reply = length(all.len());
    database.replace(&call.args[0], Value::Text(all.into()));
    reply
}

//! Hashes.

use bytes::Bytes;
use indexmap::IndexMap;

use super::{
    Call, Command, Database, Value, WRONG_TYPE, bulk, bulks, error, flag, float, float_text, length, number,
    reads, writes,
};
use crate::servers::redis::protocol::Reply;

pub(super) const COMMANDS: &[Command] = &[
    writes("HSET", -4, set),
    writes("HMSET", -4, set),
    writes("HSETNX", 4, set_new),
    reads("HGET", 3, |database, call| read(database, call, |hash| bulk(hash.get(&call.args[1])))),
    reads("HMGET", -3, |database, call| {
        read(database, call, |hash| {
            Reply::Array(call.args[1..].iter().map(|field| bulk(hash.get(field))).collect())
        })
    }),
    reads("HGETALL", 2, |database, call| {
        read(database, call, |hash| bulks(hash.iter().flat_map(|(field, value)| [field, value])))
    }),
    reads("HKEYS", 2, |database, call| read(database, call, |hash| bulks(hash.keys()))),
    reads("HVALS", 2, |database, call| read(database, call, |hash| bulks(hash.values()))),
    reads("HLEN", 2, |database, call| read(database, call, |hash| length(hash.len()))),
    reads("HEXISTS", 3, |database, call| read(database, call, |hash| flag(hash.contains_key(&call.args[1])))),
    reads("HSTRLEN", 3, |database, call| {
        read(database, call, |hash| length(hash.get(&call.args[1]).map_or(0, Bytes::len)))
    }),
    reads("HSCAN", -3, |database, call| {
        read(database, call, |hash| {
            let all = bulks(hash.iter().flat_map(|(field, value)| [field, value]));
            Reply::Array(vec![Reply::text("0"), all])
        })
    }),
    writes("HDEL", -3, remove),
    writes("HINCRBY", 4, count),
    writes("HINCRBYFLOAT", 4, add_float),
];

fn read(database: &Database, call: &Call<'_>, look: impl FnOnce(&IndexMap<Bytes, Bytes>) -> Reply) -> Reply {
    match database.get(&call.args[0]) {
        None => look(&IndexMap::new()),
        Some(Value::Hash(hash)) => look(hash),
        Some(_) => error(WRONG_TYPE),
    }
}

/// The hash of a key, made where it is missing.
fn open<'a>(database: &'a mut Database, key: &Bytes) -> Result<&'a mut IndexMap<Bytes, Bytes>, Reply> {
    if database.get(key).is_none() {
        database.set(key, Value::Hash(IndexMap::new()));
    }
    match database.slots.get_mut(key).map(|slot| &mut slot.value) {
        Some(Value::Hash(hash)) => Ok(hash),
        _ => Err(error(WRONG_TYPE)),
    }
}

/// Removes the hash of a key that has nothing left.
fn close(database: &mut Database, key: &Bytes) {
    if database.get(key).is_some_and(Value::is_empty) {
        database.remove(key);
    }
}

fn set(database: &mut Database, call: &Call<'_>) -> Reply {
    if call.args.len().is_multiple_of(2) {
        return super::wrong_number(call.name);
    }
    let hash = match open(database, &call.args[0]) {
        Ok(hash) => hash,
        Err(reply) => return reply,
    };
    let new = call.args[1..]
        .chunks(2)
        .filter(|pair| hash.insert(pair[0].clone(), pair[1].clone()).is_none())
        .count();
    if call.name == "HMSET" { Reply::ok() } else { length(new) }
}

fn set_new(database: &mut Database, call: &Call<'_>) -> Reply {
    let hash = match open(database, &call.args[0]) {
        Ok(hash) => hash,
        Err(reply) => return reply,
    };
    let is_new = !hash.contains_key(&call.args[1]);
    if is_new {
        hash.insert(call.args[1].clone(), call.args[2].clone());
    }
    flag(is_new)
}

fn remove(database: &mut Database, call: &Call<'_>) -> Reply {
    let hash = match open(database, &call.args[0]) {
        Ok(hash) => hash,
        Err(reply) => return reply,
    };
    let gone = call.args[1..].iter().filter(|field| hash.shift_remove(*field).is_some()).count();
    close(database, &call.args[0]);
    length(gone)
}

fn count(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(by) = number(&call.args[2]) else { return error(super::NOT_INTEGER) };
    let hash = match open(database, &call.args[0]) {
        Ok(hash) => hash,
        Err(reply) => return reply,
    };
    let old = hash.get(&call.args[1]).map_or(Some(0), |old| number(old));
    let reply = match old.map(|old| old.checked_add(by)) {
        None => error("ERR hash value is not an integer"),
        Some(None) => error("ERR increment or decrement would overflow"),
        Some(Some(sum)) => {
            hash.insert(call.args[1].clone(), sum.to_string().into());
            Reply::Integer(sum)
        }
    };
    close(database, &call.args[0]);
    reply
}

fn add_float(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(by) = float(&call.args[2]) else { return error(super::NOT_FLOAT) };
    let hash = match open(database, &call.args[0]) {
        Ok(hash) => hash,
        Err(reply) => return reply,
    };
    let reply = match hash.get(&call.args[1]).map_or(Some(0.0), |old| float(old)) {
        None => error("ERR hash value is not a float"),
        Some(old) => {
            let text = float_text(((old + by) * 1e12).round() / 1e12);
            hash.insert(call.args[1].clone(), text.clone().into());
            Reply::text(text)
        }
    };
    close(database, &call.args[0]);
    reply
}

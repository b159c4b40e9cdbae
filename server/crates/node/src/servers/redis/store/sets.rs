//! Sets.

use bytes::Bytes;
use indexmap::IndexSet;

use super::{
    Call, Command, Database, Value, WRONG_TYPE, bulk, bulks, error, flag, length, number, reads, writes,
};
use crate::servers::redis::protocol::Reply;

pub(super) const COMMANDS: &[Command] = &[
    writes("SADD", -3, add),
    writes("SREM", -3, remove),
    writes("SPOP", -2, pop),
    writes("SMOVE", 4, transfer),
    reads("SMEMBERS", 2, |database, call| read(database, call, |set| bulks(&sorted(set)))),
    reads("SCARD", 2, |database, call| read(database, call, |set| length(set.len()))),
    reads("SISMEMBER", 3, |database, call| read(database, call, |set| flag(set.contains(&call.args[1])))),
    reads("SMISMEMBER", -3, |database, call| {
        read(database, call, |set| {
            Reply::Array(call.args[1..].iter().map(|member| flag(set.contains(member))).collect())
        })
    }),
    reads("SRANDMEMBER", -2, random),
    reads("SSCAN", -3, |database, call| {
        read(database, call, |set| Reply::Array(vec![Reply::text("0"), bulks(&sorted(set))]))
    }),
    reads("SINTER", -2, combined),
    reads("SUNION", -2, combined),
    reads("SDIFF", -2, combined),
    writes("SINTERSTORE", -3, store_combined),
    writes("SUNIONSTORE", -3, store_combined),
    writes("SDIFFSTORE", -3, store_combined),
];

fn set(database: &Database, key: &[u8]) -> Result<IndexSet<Bytes>, Reply> {
    match database.get(key) {
        None => Ok(IndexSet::new()),
        Some(Value::Set(set)) => Ok(set.clone()),
        Some(_) => Err(error(WRONG_TYPE)),
    }
}

fn read(database: &Database, call: &Call<'_>, look: impl FnOnce(&IndexSet<Bytes>) -> Reply) -> Reply {
    set(database, &call.args[0]).map_or_else(|reply| reply, |set| look(&set))
}

/// Members as they come: a set of numbers is kept sorted, others in the order in which they were added.
fn sorted(set: &IndexSet<Bytes>) -> Vec<Bytes> {
    let mut all: Vec<Bytes> = set.iter().cloned().collect();
    if all.iter().all(|member| number(member).is_some()) {
        all.sort_by_key(|member| number(member));
    }
    all
}

fn add(database: &mut Database, call: &Call<'_>) -> Reply {
    let mut set = match set(database, &call.args[0]) {
        Ok(set) => set,
        Err(reply) => return reply,
    };
    let new = call.args[1..].iter().filter(|member| set.insert((*member).clone())).count();
    database.replace(&call.args[0], Value::Set(set));
    length(new)
}

fn remove(database: &mut Database, call: &Call<'_>) -> Reply {
    let mut set = match set(database, &call.args[0]) {
        Ok(set) => set,
        Err(reply) => return reply,
    };
    let gone = call.args[1..].iter().filter(|member| set.shift_remove(*member)).count();
    database.replace(&call.args[0], Value::Set(set));
    length(gone)
}

fn pop(database: &mut Database, call: &Call<'_>) -> Reply {
    let mut set = match set(database, &call.args[0]) {
        Ok(set) => set,
        Err(reply) => return reply,
    };
    let mut random = call.random;
    let mut take = || {
        random = random.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (random % set.len().max(1) as u64) as usize;
        set.shift_remove_index(at)
    };
    let reply = match call.args.get(1) {
        None => take().map_or(Reply::Nil, Reply::Bulk),
        Some(count) => match number(count).and_then(|count| usize::try_from(count).ok()) {
            Some(count) => Reply::Array((0..count).map_while(|_| take()).map(Reply::Bulk).collect()),
            None => return error("ERR value is out of range, must be positive"),
        },
    };
    database.replace(&call.args[0], Value::Set(set));
    reply
}

fn random(database: &mut Database, call: &Call<'_>) -> Reply {
    read(database, call, |set| {
        let start = (call.random % set.len().max(1) as u64) as usize;
        let from = |at: usize| set.get_index((start + at) % set.len().max(1));
        match call.args.get(1) {
            None => bulk(from(0)),
            Some(count) => match number(count) {
                None => error(super::NOT_INTEGER),
                // With a negative count members may come more than once.
                Some(count) => {
                    let most = if count < 0 { 10_000 } else { set.len() };
                    let count = usize::try_from(count.unsigned_abs()).unwrap_or(most).min(most);
                    bulks((0..count).filter_map(from))
                }
            },
        }
    })
}

fn transfer(database: &mut Database, call: &Call<'_>) -> Reply {
    let (mut from, to) = match (set(database, &call.args[0]), set(database, &call.args[1])) {
        (Ok(from), Ok(to)) => (from, to),
        _ => return error(WRONG_TYPE),
    };
    if !from.shift_remove(&call.args[2]) {
        return flag(false);
    }
    database.replace(&call.args[0], Value::Set(from));
    let mut to =
        if call.args[0] == call.args[1] { set(database, &call.args[1]).unwrap_or_default() } else { to };
    to.insert(call.args[2].clone());
    database.replace(&call.args[1], Value::Set(to));
    flag(true)
}

fn combine(database: &Database, name: &str, keys: &[Bytes]) -> Result<IndexSet<Bytes>, Reply> {
    let (first, rest) = keys.split_first().ok_or_else(|| super::wrong_number(name))?;
    let mut all = set(database, first)?;
    for key in rest {
        let other = set(database, key)?;
        match () {
            () if name.starts_with("SINTER") => all.retain(|member| other.contains(member)),
            () if name.starts_with("SUNION") => all.extend(other),
            () => all.retain(|member| !other.contains(member)),
        }
    }
    Ok(all)
}

fn combined(database: &mut Database, call: &Call<'_>) -> Reply {
    combine(database, call.name, call.args).map_or_else(|reply| reply, |set| bulks(&sorted(&set)))
}

fn store_combined(database: &mut Database, call: &Call<'_>) -> Reply {
    match combine(database, call.name, &call.args[1..]) {
        Ok(set) => {
            let reply = length(set.len());
            database.remove(&call.args[0]);
            database.replace(&call.args[0], Value::Set(set));
            reply
        }
        Err(reply) => reply,
    }
}

//! Lists.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    Call, Command, Database, NO_KEY, NOT_INTEGER, SYNTAX, Value, WRONG_TYPE, bulk, bulks, error, is, length,
    number, range, reads, writes,
};
use crate::servers::redis::protocol::Reply;

pub(super) const COMMANDS: &[Command] = &[
    writes("LPUSH", -3, push),
    writes("RPUSH", -3, push),
    writes("LPUSHX", -3, push),
    writes("RPUSHX", -3, push),
    writes("LPOP", -2, pop),
    writes("RPOP", -2, pop),
    writes("BLPOP", -3, pop_first),
    writes("BRPOP", -3, pop_first),
    writes("LMOVE", 5, transfer),
    writes("RPOPLPUSH", 3, transfer),
    reads("LLEN", 2, len),
    reads("LRANGE", 4, part),
    reads("LINDEX", 3, item),
    reads("LPOS", -3, place),
    writes("LSET", 4, replace),
    writes("LREM", 4, remove),
    writes("LTRIM", 4, trim),
    writes("LINSERT", 5, insert),
];

/// The list of a key; an empty one where there is none.
fn list(database: &Database, key: &[u8]) -> Result<VecDeque<Bytes>, Reply> {
    match database.get(key) {
        None => Ok(VecDeque::new()),
        Some(Value::List(list)) => Ok(list.clone()),
        Some(_) => Err(error(WRONG_TYPE)),
    }
}

/// Changes the list of a key in its place.
fn change(database: &mut Database, key: &Bytes, change: impl FnOnce(&mut VecDeque<Bytes>) -> Reply) -> Reply {
    let mut own = VecDeque::new();
    let reply = match database.slots.get_mut(key).map(|slot| &mut slot.value) {
        None => change(&mut own),
        Some(Value::List(list)) => change(list),
        Some(_) => return error(WRONG_TYPE),
    };
    if !own.is_empty() {
        database.set(key, Value::List(own));
    } else if database.get(key).is_some_and(Value::is_empty) {
        database.remove(key);
    }
    reply
}

fn push(database: &mut Database, call: &Call<'_>) -> Reply {
    if call.name.ends_with('X') && database.get(&call.args[0]).is_none() {
        return length(0);
    }
    let at_start = call.name.starts_with('L');
    change(database, &call.args[0], |list| {
        for item in &call.args[1..] {
            match at_start {
                true => list.push_front(item.clone()),
                false => list.push_back(item.clone()),
            }
        }
        length(list.len())
    })
}

fn pop(database: &mut Database, call: &Call<'_>) -> Reply {
    let at_start = call.name.starts_with('L');
    let take = |list: &mut VecDeque<Bytes>| if at_start { list.pop_front() } else { list.pop_back() };
    let Some(count) = call.args.get(1) else {
        return change(database, &call.args[0], |list| take(list).map_or(Reply::Nil, Reply::Bulk));
    };
    let Some(count) = number(count).and_then(|count| usize::try_from(count).ok()) else {
        return error("ERR value is out of range, must be positive");
    };
    change(database, &call.args[0], |list| match list.is_empty() {
        true => Reply::NilArray,
        false => Reply::Array((0..count).map_while(|_| take(list)).map(Reply::Bulk).collect()),
    })
}

/// The first item of the first list that has one; who calls waits where there is none.
fn pop_first(database: &mut Database, call: &Call<'_>) -> Reply {
    let at_start = call.name == "BLPOP";
    for key in &call.args[..call.args.len() - 1] {
        let reply = change(database, key, |list| {
            let item = if at_start { list.pop_front() } else { list.pop_back() };
            item.map_or(Reply::Nil, |item| Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Bulk(item)]))
        });
        if reply != Reply::Nil {
            return reply;
        }
    }
    Reply::NilArray
}

fn transfer(database: &mut Database, call: &Call<'_>) -> Reply {
    let (from_left, to_left) = match call.args.get(2..4) {
        Some([from, to]) => {
            if ![from, to].iter().all(|side| is(side, "LEFT") || is(side, "RIGHT")) {
                return error(SYNTAX);
            }
            (is(from, "LEFT"), is(to, "LEFT"))
        }
        _ => (false, true),
    };
    if let Err(reply) = list(database, &call.args[1]) {
        return reply;
    }
    let item = change(database, &call.args[0], |list| {
        let item = if from_left { list.pop_front() } else { list.pop_back() };
        item.map_or(Reply::Nil, Reply::Bulk)
    });
    if let Reply::Bulk(item) = &item {
        change(database, &call.args[1], |list| {
            if to_left {
                list.push_front(item.clone())
            } else {
                list.push_back(item.clone())
            }
            Reply::Nil
        });
    }
    item
}

fn len(database: &mut Database, call: &Call<'_>) -> Reply {
    list(database, &call.args[0]).map_or_else(|reply| reply, |list| length(list.len()))
}

fn part(database: &mut Database, call: &Call<'_>) -> Reply {
    let (Some(from), Some(to)) = (number(&call.args[1]), number(&call.args[2])) else {
        return error(NOT_INTEGER);
    };
    list(database, &call.args[0]).map_or_else(
        |reply| reply,
        |list| {
            let range = range(from, to, list.len());
            bulks(list.range(range))
        },
    )
}

/// The place that an index means; negative ones count from the end.
fn at(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(len).ok()?)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < len)
}

fn item(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(index) = number(&call.args[1]) else { return error(NOT_INTEGER) };
    list(database, &call.args[0])
        .map_or_else(|reply| reply, |list| bulk(at(index, list.len()).and_then(|at| list.get(at))))
}

fn place(database: &mut Database, call: &Call<'_>) -> Reply {
    list(database, &call.args[0]).map_or_else(
        |reply| reply,
        |list| list.iter().position(|item| *item == call.args[1]).map_or(Reply::Nil, length),
    )
}

fn replace(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(index) = number(&call.args[1]) else { return error(NOT_INTEGER) };
    if database.get(&call.args[0]).is_none() {
        return error(NO_KEY);
    }
    change(database, &call.args[0], |list| match at(index, list.len()) {
        Some(at) => {
            list[at] = call.args[2].clone();
            Reply::ok()
        }
        None => error("ERR index out of range"),
    })
}

fn remove(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(count) = number(&call.args[1]) else { return error(NOT_INTEGER) };
    let most =
        if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    change(database, &call.args[0], |list| {
        let mut left = most;
        let mut keeps = |item: &Bytes| {
            let goes = left > 0 && *item == call.args[2];
            left -= usize::from(goes);
            !goes
        };
        let before = list.len();
        if count < 0 {
            let mut kept: VecDeque<Bytes> = list.drain(..).rev().filter(|item| keeps(item)).collect();
            kept.make_contiguous().reverse();
            *list = kept;
        } else {
            list.retain(|item| keeps(item));
        }
        length(before - list.len())
    })
}

fn trim(database: &mut Database, call: &Call<'_>) -> Reply {
    let (Some(from), Some(to)) = (number(&call.args[1]), number(&call.args[2])) else {
        return error(NOT_INTEGER);
    };
    change(database, &call.args[0], |list| {
        let range = range(from, to, list.len());
        list.truncate(range.end);
        list.drain(..range.start.min(list.len()));
        Reply::ok()
    })
}

fn insert(database: &mut Database, call: &Call<'_>) -> Reply {
    let after = match () {
        () if is(&call.args[1], "BEFORE") => 0,
        () if is(&call.args[1], "AFTER") => 1,
        () => return error(SYNTAX),
    };
    change(database, &call.args[0], |list| {
        if list.is_empty() {
            return length(0);
        }
        match list.iter().position(|item| *item == call.args[2]) {
            Some(at) => {
                list.insert(at + after, call.args[3].clone());
                length(list.len())
            }
            None => Reply::Integer(-1),
        }
    })
}

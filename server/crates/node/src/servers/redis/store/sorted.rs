//! Sorted sets.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    Call, Command, Database, NOT_FLOAT, NOT_INTEGER, SYNTAX, Value, WRONG_TYPE, error, float, float_text, is,
    length, number, range, reads, writes,
};
use crate::servers::redis::protocol::Reply;

pub(super) const COMMANDS: &[Command] = &[
    writes("ZADD", -4, add),
    writes("ZINCRBY", 4, increase),
    writes("ZREM", -3, remove),
    writes("ZPOPMIN", -2, pop),
    writes("ZPOPMAX", -2, pop),
    writes("ZREMRANGEBYSCORE", 4, remove_range),
    writes("ZREMRANGEBYRANK", 4, remove_range),
    reads("ZSCORE", 3, |database, call| {
        read(database, call, |all| all.get(&call.args[1]).map_or(Reply::Nil, |score| score_reply(*score)))
    }),
    reads("ZMSCORE", -3, |database, call| {
        read(database, call, |all| {
            let score = |member| all.get(member).map_or(Reply::Nil, |score| score_reply(*score));
            Reply::Array(call.args[1..].iter().map(score).collect())
        })
    }),
    reads("ZCARD", 2, |database, call| read(database, call, |all| length(all.len()))),
    reads("ZCOUNT", 4, count),
    reads("ZRANK", -3, rank),
    reads("ZREVRANK", -3, rank),
    reads("ZRANGE", -4, part),
    reads("ZREVRANGE", -4, part),
    reads("ZRANGEBYSCORE", -4, part),
    reads("ZREVRANGEBYSCORE", -4, part),
    reads("ZSCAN", -3, |database, call| {
        read(database, call, |all| Reply::Array(vec![Reply::text("0"), members(&ranked(all), true)]))
    }),
];

type Scores = BTreeMap<Bytes, f64>;

fn score_reply(score: f64) -> Reply {
    Reply::text(float_text(score))
}

fn scores(database: &Database, key: &[u8]) -> Result<Scores, Reply> {
    match database.get(key) {
        None => Ok(Scores::new()),
        Some(Value::Sorted(all)) => Ok(all.clone()),
        Some(_) => Err(error(WRONG_TYPE)),
    }
}

fn read(database: &Database, call: &Call<'_>, look: impl FnOnce(&Scores) -> Reply) -> Reply {
    scores(database, &call.args[0]).map_or_else(|reply| reply, |all| look(&all))
}

/// Members by score, and those of the same score by name.
fn ranked(all: &Scores) -> Vec<(Bytes, f64)> {
    let mut ranked: Vec<_> = all.iter().map(|(member, score)| (member.clone(), *score)).collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    ranked
}

fn members(ranked: &[(Bytes, f64)], with_scores: bool) -> Reply {
    let reply = |(member, score): &(Bytes, f64)| {
        let score = with_scores.then(|| score_reply(*score));
        std::iter::once(Reply::Bulk(member.clone())).chain(score)
    };
    Reply::Array(ranked.iter().flat_map(reply).collect())
}

fn add(database: &mut Database, call: &Call<'_>) -> Reply {
    let is_option =
        |word: &&Bytes| ["NX", "XX", "GT", "LT", "CH", "INCR"].iter().any(|option| is(word, option));
    let options: Vec<&Bytes> = call.args[1..].iter().take_while(is_option).collect();
    let has = |option: &str| options.iter().any(|word| is(word, option));
    let pairs = &call.args[1 + options.len()..];
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) || (has("INCR") && pairs.len() > 2) {
        return error(SYNTAX);
    }
    if has("NX") && (has("XX") || has("GT") || has("LT")) {
        return error("ERR XX and NX options at the same time are not compatible");
    }
    let mut all = match scores(database, &call.args[0]) {
        Ok(all) => all,
        Err(reply) => return reply,
    };
    let (mut added, mut changed, mut last) = (0, 0, Reply::Nil);
    for pair in pairs.chunks(2) {
        let Some(mut score) = float(&pair[0]) else { return error(NOT_FLOAT) };
        let old = all.get(&pair[1]).copied();
        if has("INCR") {
            score += old.unwrap_or(0.0);
        }
        let allowed = match old {
            None => !has("XX"),
            Some(old) => !has("NX") && (!has("GT") || score > old) && (!has("LT") || score < old),
        };
        if allowed {
            all.insert(pair[1].clone(), score);
            added += usize::from(old.is_none());
            changed += usize::from(old.is_some_and(|old| old != score));
            last = score_reply(score);
        }
    }
    database.replace(&call.args[0], Value::Sorted(all));
    match () {
        () if has("INCR") => last,
        () if has("CH") => length(added + changed),
        () => length(added),
    }
}

fn increase(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(by) = float(&call.args[1]) else { return error(NOT_FLOAT) };
    let mut all = match scores(database, &call.args[0]) {
        Ok(all) => all,
        Err(reply) => return reply,
    };
    let score = all.entry(call.args[2].clone()).or_default();
    *score += by;
    let reply = score_reply(*score);
    database.replace(&call.args[0], Value::Sorted(all));
    reply
}

fn remove(database: &mut Database, call: &Call<'_>) -> Reply {
    let mut all = match scores(database, &call.args[0]) {
        Ok(all) => all,
        Err(reply) => return reply,
    };
    let gone = call.args[1..].iter().filter(|member| all.remove(*member).is_some()).count();
    database.replace(&call.args[0], Value::Sorted(all));
    length(gone)
}

fn pop(database: &mut Database, call: &Call<'_>) -> Reply {
    let count = match call.args.get(1).map(|count| number(count)) {
        None => 1,
        Some(Some(count)) => usize::try_from(count).unwrap_or(0),
        Some(None) => return error(NOT_INTEGER),
    };
    let mut all = match scores(database, &call.args[0]) {
        Ok(all) => all,
        Err(reply) => return reply,
    };
    let mut order = ranked(&all);
    if call.name == "ZPOPMAX" {
        order.reverse();
    }
    order.truncate(count);
    for (member, _) in &order {
        all.remove(member);
    }
    database.replace(&call.args[0], Value::Sorted(all));
    members(&order, true)
}

/// One end of a range of scores: `5`, `(5` without 5 itself, `-inf`.
fn bound(word: &[u8]) -> Option<(f64, bool)> {
    match word.strip_prefix(b"(") {
        Some(rest) => float(rest).map(|score| (score, true)),
        None => float(word).map(|score| (score, false)),
    }
}

/// Whether a score lies between two ends; `None` where these are no numbers.
fn between(from: &[u8], to: &[u8]) -> Option<impl Fn(f64) -> bool + use<>> {
    let ((from, after), (to, before)) = (bound(from)?, bound(to)?);
    Some(move |score: f64| {
        (if after { score > from } else { score >= from }) && (if before { score < to } else { score <= to })
    })
}

fn count(database: &mut Database, call: &Call<'_>) -> Reply {
    let Some(inside) = between(&call.args[1], &call.args[2]) else {
        return error("ERR min or max is not a float");
    };
    read(database, call, |all| length(all.values().filter(|score| inside(**score)).count()))
}

fn rank(database: &mut Database, call: &Call<'_>) -> Reply {
    read(database, call, |all| {
        let mut order = ranked(all);
        if call.name == "ZREVRANK" {
            order.reverse();
        }
        order.iter().position(|(member, _)| *member == call.args[1]).map_or(Reply::Nil, length)
    })
}

fn remove_range(database: &mut Database, call: &Call<'_>) -> Reply {
    let mut all = match scores(database, &call.args[0]) {
        Ok(all) => all,
        Err(reply) => return reply,
    };
    let before = all.len();
    if call.name.ends_with("SCORE") {
        let Some(inside) = between(&call.args[1], &call.args[2]) else {
            return error("ERR min or max is not a float");
        };
        all.retain(|_, score| !inside(*score));
    } else {
        let (Some(from), Some(to)) = (number(&call.args[1]), number(&call.args[2])) else {
            return error(NOT_INTEGER);
        };
        let order = ranked(&all);
        for (member, _) in &order[range(from, to, order.len())] {
            all.remove(member);
        }
    }
    let gone = before - all.len();
    database.replace(&call.args[0], Value::Sorted(all));
    length(gone)
}

fn part(database: &mut Database, call: &Call<'_>) -> Reply {
    let (mut by_score, mut reverse) = (call.name.ends_with("SCORE"), call.name.starts_with("ZREV"));
    let (mut with_scores, mut limit) = (false, None);
    let mut options = call.args[3..].iter();
    while let Some(option) = options.next() {
        match () {
            () if is(option, "WITHSCORES") => with_scores = true,
            () if is(option, "BYSCORE") && call.name == "ZRANGE" => by_score = true,
            () if is(option, "REV") && call.name == "ZRANGE" => reverse = true,
            () if is(option, "LIMIT") => match (options.next(), options.next()) {
                (Some(skip), Some(count)) => match (number(skip), number(count)) {
                    (Some(skip), Some(count)) => limit = Some((skip, count)),
                    _ => return error(NOT_INTEGER),
                },
                _ => return error(SYNTAX),
            },
            () => return error(SYNTAX),
        }
    }
    if limit.is_some() && !by_score {
        return error(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        );
    }
    let (first, second) = (&call.args[1], &call.args[2]);
    read(database, call, |all| {
        let mut order = ranked(all);
        if reverse {
            order.reverse();
        }
        if by_score {
            let (low, high) = if reverse { (second, first) } else { (first, second) };
            let Some(inside) = between(low, high) else { return error("ERR min or max is not a float") };
            order.retain(|(_, score)| inside(*score));
            if let Some((skip, count)) = limit {
                order.drain(..usize::try_from(skip).unwrap_or(usize::MAX).min(order.len()));
                order.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            }
            return members(&order, with_scores);
        }
        let (Some(from), Some(to)) = (number(first), number(second)) else { return error(NOT_INTEGER) };
        members(&order[range(from, to, order.len())], with_scores)
    })
}

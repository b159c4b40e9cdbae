use bytes::Bytes;
use jiff::Timestamp;

use super::{Call, Store, find};
use crate::servers::redis::{protocol::Reply, settings::Settings, words::split};

fn store() -> Store {
    Store::new(Settings::new(), Timestamp::UNIX_EPOCH, std::time::Duration::ZERO)
}

fn run(store: &mut Store, line: &str, second: i64) -> Reply {
    let words = split(line).unwrap();
    let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
    let now = Timestamp::from_second(second).unwrap();
    let call = Call { name: &name, args: &words[1..], now, random: 7 };
    store.run(0, find(&name).unwrap(), &call)
}

fn texts(words: &[&str]) -> Reply {
    Reply::Array(words.iter().map(|word| Reply::text(*word)).collect())
}

#[track_caller]
fn says(store: &mut Store, line: &str, expected: Reply) {
    assert_eq!(run(store, line, 1), expected, "{line}");
}

#[test]
fn keys_hold_values_until_they_end() {
    let mut store = store();
    assert_eq!(run(&mut store, "set a 1 EX 10", 0), Reply::ok());
    assert_eq!(run(&mut store, "incr a", 1), Reply::Integer(2));
    assert_eq!(run(&mut store, "ttl a", 1), Reply::Integer(9));
    assert_eq!(run(&mut store, "get a", 10), Reply::Nil);
    assert_eq!(run(&mut store, "ttl a", 10), Reply::Integer(-2));
    says(&mut store, "set b x", Reply::ok());
    says(&mut store, "set b y NX", Reply::Nil);
    says(&mut store, "set b y GET", Reply::text("x"));
    says(&mut store, "expire b 100", Reply::Integer(1));
    says(&mut store, "expire b 50 GT", Reply::Integer(0));
    says(&mut store, "persist b", Reply::Integer(1));
    says(&mut store, "ttl b", Reply::Integer(-1));
    says(&mut store, "getrange b 0 -1", Reply::text("y"));
    says(&mut store, "incr b", Reply::Error("ERR value is not an integer or out of range".to_owned()));
    says(&mut store, "incrbyfloat f 0.1", Reply::text("0.1"));
    says(&mut store, "get", Reply::Error("ERR wrong number of arguments for 'get' command".to_owned()));
}

#[test]
fn lists_are_changed_at_both_ends() {
    let mut store = store();
    says(&mut store, "rpush l x y z", Reply::Integer(3));
    says(&mut store, "lpush l w", Reply::Integer(4));
    says(&mut store, "lrange l 0 -2", texts(&["w", "x", "y"]));
    says(&mut store, "lrem l -1 y", Reply::Integer(1));
    says(&mut store, "linsert l before x v", Reply::Integer(4));
    says(&mut store, "ltrim l 1 -1", Reply::ok());
    says(&mut store, "lpop l 2", texts(&["v", "x"]));
    says(&mut store, "rpop l", Reply::text("z"));
    says(&mut store, "exists l", Reply::Integer(0));
    says(&mut store, "lpop l", Reply::Nil);
    assert!(matches!(run(&mut store, "lset l 0 x", 1), Reply::Error(text) if text == "ERR no such key"));
    says(&mut store, "sadd l a", Reply::Integer(1));
    assert!(matches!(run(&mut store, "lpush l a", 1), Reply::Error(text) if text.starts_with("WRONGTYPE")));
}

#[test]
fn hashes_and_sets_keep_their_order() {
    let mut store = store();
    says(&mut store, "hset h b 1 a 2", Reply::Integer(2));
    says(&mut store, "hgetall h", texts(&["b", "1", "a", "2"]));
    says(&mut store, "hincrby h b 5", Reply::Integer(6));
    says(&mut store, "hdel h b a", Reply::Integer(2));
    says(&mut store, "exists h", Reply::Integer(0));
    says(&mut store, "sadd s z a z", Reply::Integer(2));
    says(&mut store, "smembers s", texts(&["z", "a"]));
    says(&mut store, "sadd n 10 9 1", Reply::Integer(3));
    says(&mut store, "smembers n", texts(&["1", "9", "10"]));
    says(&mut store, "sadd t a b", Reply::Integer(2));
    says(&mut store, "sinter s t", texts(&["a"]));
    says(&mut store, "sdiffstore d s t", Reply::Integer(1));
    says(&mut store, "smembers d", texts(&["z"]));
}

#[test]
fn sorted_sets_are_ranked() {
    let mut store = store();
    says(&mut store, "zadd z 1 one 2 two 3 three", Reply::Integer(3));
    says(&mut store, "zincrby z 5 one", Reply::text("6"));
    says(&mut store, "zrange z 0 -1 WITHSCORES", texts(&["two", "2", "three", "3", "one", "6"]));
    says(&mut store, "zrevrange z 0 0", texts(&["one"]));
    says(&mut store, "zrangebyscore z (2 +inf LIMIT 0 1", texts(&["three"]));
    says(&mut store, "zrank z three", Reply::Integer(1));
    says(&mut store, "zcount z -inf 3", Reply::Integer(2));
    says(&mut store, "zpopmin z", texts(&["two", "2"]));
    says(&mut store, "zscore z none", Reply::Nil);
}

#[test]
fn a_snapshot_holds_all_of_it() {
    let mut before = store();
    for line in ["set a \"b c\"", "set e 1 EX 100", "rpush l 1 2", "hset h f v", "sadd s m", "zadd z 1.5 m"] {
        run(&mut before, line, 0);
    }
    let bytes = before.dump();
    let mut after = store();
    assert_eq!(after.load(&bytes, Timestamp::from_second(50).unwrap()), Some(6));
    assert_eq!(after.dump(), bytes);
    assert_eq!(after.load(&bytes, Timestamp::from_second(100).unwrap()), Some(5));
    for cut in 0..bytes.len() {
        let _ = after.load(&bytes[..cut], Timestamp::UNIX_EPOCH);
    }
    assert_eq!(after.load(b"REDIS0011\x00\x01a\xc0\x01", Timestamp::UNIX_EPOCH), None);
    let _: Bytes = bytes.into();
}

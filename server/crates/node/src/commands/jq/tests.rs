use proptest::prelude::*;

use super::{
    compile,
    machine::{Event, Machine},
    parser,
    read::Reader,
    value::{Heap, Value},
    write,
};

/// What a program prints for `null`, within so many slices of steps.
fn run(program: &str, slices: usize) -> Vec<String> {
    let heap = Heap::default();
    let code = match parser::parse(program).and_then(|term| compile::compile(&term, &[], &heap)) {
        Ok(code) => code,
        Err(error) => return vec![format!("syntax: {}", error.message)],
    };
    let mut machine = Machine::new(&code, &heap, Value::Null);
    let mut printed = Vec::new();
    for _ in 0..slices {
        match machine.run(250) {
            Event::Output(value) => printed.push(write::compact(&value)),
            Event::Pause | Event::Message(_) => {}
            Event::Input | Event::Ask(..) => machine.resume(Ok(Value::Null)),
            Event::Failed(error) => {
                printed.push(format!("error: {}", error.as_text().unwrap_or("(not a string)")));
                return printed;
            }
            Event::Halt(..) | Event::Ended => return printed,
            Event::Memory => {
                printed.push("memory".to_owned());
                return printed;
            }
        }
    }
    printed.push("runs on".to_owned());
    printed
}

/// `cases.txt`: a program on a line, what jq prints for `null` on the lines after it, indented; most of it recorded from
/// jq itself.
#[test]
fn programs_print_what_jq_prints() {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        match (line.strip_prefix("    "), cases.last_mut()) {
            (Some(output), Some((_, outputs))) => outputs.push(output),
            _ => cases.push((line, Vec::new())),
        }
    }
    assert!(cases.len() > 200);
    let differ: Vec<String> = cases
        .into_iter()
        .filter_map(|(program, wanted)| {
            let printed = run(program, 1000).join("\n").replace('\n', "\n    ");
            (printed != wanted.join("\n    "))
                .then(|| format!("{program}\n  prints\n    {printed}\n  not\n    {}", wanted.join("\n    ")))
        })
        .collect();
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn what_grows_without_end_runs_out_of_memory() {
    for program in [
        "[range(1e9)]",
        "def f: 1 + f; f",
        "def f(x): f(x + 1); f(0)",
        "def f: f, f; [f]",
        "reduce range(1e6) as $i (null; [.])",
        "reduce range(100) as $i (\"x\"; [., .]) | tojson",
        "reduce range(100) as $i (\"x\"; . + .)",
        "\"x\" * 1e12",
        "last(path(repeat(.a)))",
        "null | setpath([range(5000) | \"a\"]; 1)",
    ] {
        let printed = run(program, 100_000);
        assert_eq!(printed, ["memory"], "{program}");
    }
}

#[test]
fn what_never_ends_can_be_stopped_at_any_step() {
    for program in
        ["def f: f; f", "last(range(infinite))", "0 | until(false; . + 1)", "first(repeat(1) | empty)"]
    {
        assert_eq!(run(program, 200), ["runs on"], "{program}");
    }
}

#[test]
fn a_deep_program_is_refused() {
    for program in [
        "(".repeat(100_000),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("1{}", "+1".repeat(100_000)),
        format!(".{}", ".a".repeat(100_000)),
        format!("1{}", "|1".repeat(100_000)),
        format!("{}1{}", "\"\\(".repeat(1000), ")\"".repeat(1000)),
        format!("1{}", "?".repeat(100_000)),
        "-".repeat(100_000),
        format!("{}$x|1", ". as [".repeat(100_000)),
        "def f: ".repeat(100_000),
    ] {
        assert!(run(&program, 10)[0].starts_with("syntax"), "{}", &program[..20]);
    }
}

#[test]
fn an_object_may_have_many_members() {
    let members: Vec<String> = (0..20_000).map(|n| format!("a{n}:{n}")).collect();
    assert_eq!(run(&format!("{{{}}} | length", members.join(",")), 1000), ["20000"]);
}

#[test]
fn a_deep_text_is_refused() {
    let heap = Heap::default();
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Reader::read_all(&heap, &text).is_err_and(|why| why.starts_with("Exceeds depth limit")));
}

#[test]
fn memory_is_given_back() {
    let heap = Heap::default();
    let code = parser::parse("[range(1000)] | map(tostring) | join(\",\") | length")
        .and_then(|term| compile::compile(&term, &[], &heap))
        .unwrap();
    let before = heap.used();
    let mut machine = Machine::new(&code, &heap, Value::Null);
    while !matches!(machine.run(1000), Event::Ended) {}
    drop(machine);
    assert_eq!(heap.used(), before);
}

#[test]
fn errors_of_texts_say_where() {
    let heap = Heap::default();
    for (text, message) in [
        ("[1,2", "Unfinished JSON term at EOF at line 1, column 4"),
        ("{a:1}", "Invalid numeric literal at line 1, column 3"),
        ("[1 2]", "Expected separator between values at line 1, column 5"),
        ("{\"a\" 1}", "Expected separator between values at line 1, column 7"),
        ("[1,]", "Expected another array element at line 1, column 4"),
        ("{\"a\":1,}", "Expected another key-value pair at line 1, column 8"),
        ("]", "Unmatched ']' at line 1, column 1"),
        ("{1:2}", "Object keys must be strings at line 1, column 3"),
        ("[1,,2]", "Expected value before ',' at line 1, column 4"),
        ("\"\\x\"", "Invalid escape at line 1, column 4"),
        ("\"abc", "Unfinished string at EOF at line 1, column 4"),
    ] {
        assert_eq!(Reader::read_all(&heap, text).unwrap_err(), message, "{text}");
    }
}

proptest! {
    #[test]
    fn no_program_panics(program in "[a-c.\\[\\](){}|,:;\"\\\\$?/@ 0-9+=*-]{0,40}") {
        run(&program, 20);
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec("\\.a|\\.\\.|\\[|\\]|\\{|\\}|\\(|\\)|\\||,|if|then|else|end|reduce|foreach|as|\\$x|;|\"a\\\\\\(|\"|try|catch|def f:|f|//|\\|=|\\+|path|1|:|label|break|@csv|map|\\?//|limit|range", 0..24)) {
        run(&words.join(" "), 20);
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{},:\"\\\\u0-9a-ent. -]{0,40}") {
        let heap = Heap::default();
        if let Ok(value) = Reader::read_all(&heap, &text) {
            let again = Reader::read_all(&heap, &write::compact(&value)).unwrap();
            prop_assert_eq!(write::compact(&again), write::compact(&value));
        }
    }
}

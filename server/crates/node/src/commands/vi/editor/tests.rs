//! What keys do, as busybox 1.35 does it on a terminal.

use proptest::prelude::*;

use super::{Editor, Effect};
use crate::commands::vi::keys::Keys;

/// What keys make of a text; the last effect.
fn edit(text: &str, keys: &str) -> (String, Effect) {
    let mut editor = Editor::new(false);
    editor.open(Some("f".into()), text.as_bytes());
    let mut last = Effect::None;
    for key in Keys.read(keys.as_bytes()) {
        last = editor.key(key);
        editor.screen(5, 20);
    }
    (String::from_utf8_lossy(&editor.text()).into_owned(), last)
}

fn edited(text: &str, keys: &str) -> String {
    edit(text, keys).0
}

#[test]
fn text_is_inserted_where_it_was_asked_for() {
    assert_eq!(edited("", "ihello\rworld\x1b"), "hello\nworld\n");
    assert_eq!(edited("b", "ia\x1bAc\x1b"), "abc\n");
    assert_eq!(edited("one\ntwo", "onew\x1bOold\x1b"), "one\nold\nnew\ntwo\n");
    assert_eq!(edited("abc", "ix\x7f\x1b$ay\x1b0Rz\x1b"), "zbcy\n");
}

#[test]
fn operators_take_movements_and_counts() {
    assert_eq!(edited("a\nb\nc\nd", "jdd"), "a\nc\nd\n");
    assert_eq!(edited("a\nb\nc\nd", "2dd"), "c\nd\n");
    assert_eq!(edited("a\nb\nc\nd", "jdG"), "a\n");
    assert_eq!(edited("one two three", "wdw"), "one three\n");
    assert_eq!(edited("one two three", "2dwx"), "hree\n");
    assert_eq!(edited("one two", "wcwxyz\x1b"), "one xyz\n");
    assert_eq!(edited("one two", "wD"), "one \n");
    assert_eq!(edited("a b\nc", "$dw"), "a \nc\n");
    assert_eq!(edited("f(a, b) c", "d%"), " c\n");
}

#[test]
fn what_is_taken_can_be_put() {
    assert_eq!(edited("a\nb", "yyp"), "a\na\nb\n");
    assert_eq!(edited("a\nb", "ddp"), "b\na\n");
    assert_eq!(edited("ab", "xp"), "ba\n");
    assert_eq!(edited("a\nb", "yy2P"), "a\na\na\nb\n");
}

#[test]
fn changes_can_be_taken_back() {
    assert_eq!(edited("a\nb", "dddduu"), "a\nb\n");
    assert_eq!(edited("a\nb", "ixyz\x1bu"), "a\nb\n");
}

#[test]
fn searching_goes_around() {
    assert_eq!(edited("a\nfoo\nb\nfoo", "/foo\rx"), "a\noo\nb\nfoo\n");
    assert_eq!(edited("a\nfoo\nb\nfoo", "/foo\rnx"), "a\nfoo\nb\noo\n");
    assert_eq!(edited("a\nfoo\nb\nfoo", "?foo\rx"), "a\nfoo\nb\noo\n");
}

#[test]
fn small_commands_do_what_they_say() {
    assert_eq!(edited("a\n  b\nc", "J"), "a b\nc\n");
    assert_eq!(edited("aBc", "3~"), "AbC\n");
    assert_eq!(edited("abc", "2rx"), "xxc\n");
    assert_eq!(edited("a\nb", ">>"), "\ta\nb\n");
    assert_eq!(edited("a,b,c", "f,x;"), "ab,c\n");
    assert_eq!(edit("a", "ZQ").1, Effect::Quit);
}

proptest! {
    #[test]
    fn no_keys_panic(text in "[a-c é\n]{0,30}", keys in "[ -~\r\x1b\x08\x04\x15]{0,60}") {
        edit(&text, &keys);
    }
}

/// What the last line of the screen says after each of some keys.
fn told(text: &str, keys: &[&str]) -> Vec<String> {
    let mut editor = Editor::new(false);
    editor.open(Some("f".into()), text.as_bytes());
    let mut told = Vec::new();
    for typed in keys {
        for key in Keys.read(typed.as_bytes()) {
            editor.key(key);
        }
        let screen = String::from_utf8_lossy(&editor.screen(24, 80)).into_owned();
        let status =
            screen.rsplit("\r\n").next().unwrap_or_default().split("\x1b[K").next().unwrap_or_default();
        told.push(status.to_owned());
    }
    told
}

const TEXT: &str = "one two three\nfour five six\nseven\n\tindented line\nlast line here\n";

#[test]
fn deleting_yanking_and_putting_tell_how_much() {
    assert_eq!(
        told(TEXT, &["dd", "p", "2yy", "yw", "dG"]),
        [
            "Delete 1 lines (14 chars) from [D]",
            "Put 1 lines (14 chars) from [D]",
            "Yank 2 lines (20 chars) from [D]",
            "Yank 0 lines (4 chars) from [D]",
            "Delete 4 lines (50 chars) from [D]",
        ]
    );
    assert_eq!(
        told(TEXT, &["\"ayy", "j\"ap", "\"bp"]),
        [
            "Yank 1 lines (14 chars) from [a]",
            "Put 1 lines (14 chars) from [a]",
            "\x1b[7mNothing in register b\x1b[m",
        ]
    );
}

#[test]
fn taking_back_tells_what_and_where() {
    assert_eq!(
        told(TEXT, &["oabc\x1b", "u", "u", "u"]),
        [
            "- f [Modified] 2/6 33%",
            "Undo [2] deleted 3 chars at position 14",
            "Undo [1] deleted 1 chars at position 14",
            "Already at oldest change",
        ]
    );
    assert_eq!(
        told(TEXT, &["cwXX\x1b", "u", "u"])[1..],
        ["Undo [2] deleted 2 chars at position 0", "Undo [1] restored 3 chars at position 0",]
    );
}

#[test]
fn what_is_being_inserted_is_no_change_yet() {
    assert_eq!(told(TEXT, &["ihello", "\x1b"]), ["I f 1/5 20%", "- f [Modified] 1/5 20%"]);
}

#[test]
fn searches_tell_that_they_went_around() {
    assert_eq!(
        told(TEXT, &["/five\r", "n", "N", "/zz\r"]),
        [
            "- f 2/5 40%",
            "\x1b[7msearch hit BOTTOM, continuing at TOP\x1b[m",
            "\x1b[7msearch hit TOP, continuing at BOTTOM\x1b[m",
            "\x1b[7mPattern not found\x1b[m",
        ]
    );
}

#[test]
fn commands_that_cannot_be_done_say_why() {
    assert_eq!(
        told(TEXT, &["x:q\r", ":e\r", ":set nu\r", ":foo\r", "Q", ":5,2d\r", ":s/zz/y/\r"]),
        [
            "\x1b[7mNo write since last change (:q! overrides)\x1b[m",
            "\x1b[7mNo write since last change (:e! overrides)\x1b[m",
            "\x1b[7mbad option: nu\x1b[m",
            "\x1b[7m'foo' is not implemented\x1b[m",
            "\x1b[7m'Q' is not implemented\x1b[m",
            "\x1b[7mInvalid range\x1b[m",
            "\x1b[7mNo match\x1b[m",
        ]
    );
}

#[test]
fn marks_repetition_and_searches_on_the_line() {
    assert_eq!(edited(TEXT, "majjd'a"), "\tindented line\nlast line here\n");
    assert_eq!(edited("a b c\nd e f\n", "dwj."), "b c\ne f\n");
    assert_eq!(edited("a\nb\nc\n", "A!\x1bj.j."), "a!\nb!\nc!\n");
    assert_eq!(edited("a.b.c.d\n", "f.x;x"), "abc.d\n");
    assert_eq!(edited("a.b.c.d\n", "dt.;dt."), "..c.d\n");
    assert_eq!(edited("one two\n", "wD"), "one \n");
    assert_eq!(edited("a\n  b\nc\n", "2J"), "a b c\n");
}

#[test]
fn pages_move_the_screen_and_keep_the_cursor_on_it() {
    let text: String = (1..=100).map(|line| format!("line {line}\n")).collect();
    assert_eq!(
        told(&text, &["\x06", "\x06", "\x02", "G", "gg", "50G", "\x04", "\x05"]),
        [
            "- f 23/100 23%",
            "- f 45/100 45%",
            "- f 45/100 45%",
            "- f 100/100 100%",
            "- f 1/100 1%",
            "- f 50/100 50%",
            "- f 50/100 50%",
            "- f 51/100 51%",
        ]
    );
}

#[test]
fn options_say_how_lines_are_typed() {
    assert_eq!(edited("  a", ":set ai\rob\x1b"), "  a\n  b\n");
    assert_eq!(edited("\ta", ":set ai\rA\rb\r\rc\x1b"), "\ta\n\tb\n\n\tc\n");
    assert_eq!(edited("  a", ":set ai\rO\x1b"), "\n  a\n");
    assert_eq!(edited("", ":set et ts=4\ria\tb\x1b"), "a   b\n");
    assert_eq!(edited("", ":set et\r:set noet\ri\tb\x1b"), "\tb\n");
}

#[test]
fn a_line_is_brought_back_as_the_cursor_found_it() {
    assert_eq!(edited("one\ntwo", "xxU"), "one\ntwo\n");
    assert_eq!(edited("one\ntwo\nsix", "jxkjU"), "one\nwo\nsix\n");
    assert_eq!(edited("one\ntwo\nsix", "ddU"), "one\nsix\n");
}

#[test]
fn more_lines_than_there_are_cannot_be_deleted() {
    assert_eq!(edited("a\nb", "9dd"), "a\nb\n");
    assert_eq!(edited("a\nb", "2dd"), "\n");
}

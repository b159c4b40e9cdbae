//! `openssl passwd`: what is noted of passwords (openssl-passwd(1)).

use bytes::Bytes;

use super::Cx;
use crate::libc::crypt::{Scheme, salt};

/// The longest line of passwords that is read.
const MAX_INPUT: usize = 64 * 1024;

/// Runs it, with what follows `passwd`.
pub(super) async fn run(mut cx: Cx, args: &[Bytes]) -> u8 {
    let mut scheme = Scheme::Md5;
    let (mut given, mut from_stdin) = (None, false);
    let mut passwords: Vec<Bytes> = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match &arg[..] {
            b"-apr1" => scheme = Scheme::Apache,
            b"-1" => scheme = Scheme::Md5,
            b"-5" => scheme = Scheme::Sha256,
            b"-6" => scheme = Scheme::Sha512,
            b"-salt" => given = args.next().map(|salt| String::from_utf8_lossy(salt).into_owned()),
            b"-stdin" => from_stdin = true,
            b"-noverify" | b"-quiet" => {}
            option if option.starts_with(b"-") => {
                let option = String::from_utf8_lossy(&option[1..]).into_owned();
                cx.complain(format!(
                    "passwd: Unknown option or cipher: {option}\npasswd: Use -help for summary.\n"
                ))
                .await;
                return 1;
            }
            _ => passwords.push(arg.clone()),
        }
    }
    if from_stdin || passwords.is_empty() {
        if !from_stdin {
            cx.complain("Password: ").await;
        }
        let text = match cx.open(b"-").await {
            Ok(file) => cx.read_all(&file).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let text = &text[..text.len().min(MAX_INPUT)];
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        passwords.extend(lines.map(Bytes::copy_from_slice));
    }
    for password in passwords {
        cx.process.work(5000).await;
        let salt = given.clone().unwrap_or_else(|| salt(scheme.max_salt(), || cx.process.random()));
        cx.put(scheme.note(&password, &salt) + "\n");
    }
    cx.finish(0).await
}

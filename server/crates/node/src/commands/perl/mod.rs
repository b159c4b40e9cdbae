//! `perl`, as far as one-liners go that print: the language itself is not simulated, and it says so.
//!
//! What runs: `-e`, `-E`, `-l`, `-w` and the like; statements that print or say literals, numbers, joined texts and
//! digits of pi (`-Mbignum=bpi`, as in the documentation of Jobs), `sleep`, `exit`, `die`.

mod one_liner;
mod pi;

use std::time::Duration;

use bytes::Bytes;

use self::one_liner::{Piece, Statement, parse};
use super::Cx;

/// What is asked for on the command line.
#[derive(Debug, Default)]
struct Request {
    /// The one-liner's lines.
    program: Option<Vec<u8>>,
    /// Whether there is `say`.
    modern: bool,
    /// Whether `print` ends lines.
    ends_lines: bool,
    /// Whether there is `bpi`.
    has_pi: bool,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let request = match request(&args) {
        Ok(Some(request)) => request,
        Ok(None) => {
            cx.put(version(&cx));
            return cx.finish(0).await;
        }
        Err(what) => return not_simulated(&mut cx, &what).await,
    };
    let Some(program) = &request.program else { return not_simulated(&mut cx, "a script").await };
    let statements = match parse(&String::from_utf8_lossy(program), request.modern, request.has_pi) {
        Ok(statements) => statements,
        Err(what) => return not_simulated(&mut cx, &what).await,
    };
    for statement in statements {
        match statement {
            Statement::Print { pieces, line } => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => cx.put(text),
                        Piece::Pi(digits) => {
                            let text = pi::digits(&cx.process, digits).await;
                            cx.put(text);
                        }
                    }
                }
                if line || request.ends_lines {
                    cx.put("\n");
                }
                if !cx.drain().await {
                    break;
                }
            }
            Statement::Sleep(seconds) => {
                // Standard output is a file or a pipe: what is printed waits.
                if cx.process.is_terminal(1) {
                    cx.flush().await;
                }
                cx.process.sleep(Duration::from_secs(seconds)).await;
            }
            Statement::Flush => {
                cx.flush().await;
            }
            Statement::Die(text) => {
                cx.flush().await;
                cx.complain(text).await;
                return 255;
            }
            Statement::Exit(code) => return cx.finish(code).await,
        }
    }
    cx.finish(0).await
}

/// Reads the command line; `None` where only the version is wanted, the error is what is not simulated.
fn request(args: &[Bytes]) -> Result<Option<Request>, String> {
    let mut request = Request::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = String::from_utf8_lossy(arg).into_owned();
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            // What follows a one-liner is for it to read; one that only prints does not.
            return if request.program.is_some() { Ok(Some(request)) } else { Err("a script".to_owned()) };
        };
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            match letter {
                'v' => return Ok(None),
                'w' | 'W' | 't' | 'T' | 'u' | 's' => {}
                'l' => request.ends_lines = true,
                'e' | 'E' => {
                    request.modern |= letter == 'E';
                    let line = match rest.as_str() {
                        "" => args.next().cloned().unwrap_or_default(),
                        attached => Bytes::copy_from_slice(attached.as_bytes()),
                    };
                    let program = request.program.get_or_insert_default();
                    program.extend_from_slice(&line);
                    program.push(b'\n');
                    break;
                }
                'M' | 'm' => {
                    match rest.as_str() {
                        "bignum=bpi" | "bigint=bpi" | "bigrat=bpi" | "bigfloat=bpi" => request.has_pi = true,
                        "bignum" | "bigint" | "strict" | "warnings" | "utf8" => {}
                        "feature=say" | "5.010" => request.modern = true,
                        module => return Err(format!("the module {module}")),
                    }
                    break;
                }
                other => return Err(format!("the option -{other}")),
            }
        }
    }
    Ok(Some(request))
}

async fn not_simulated(cx: &mut Cx, what: &str) -> u8 {
    cx.error(format!(
        "podlab does not simulate the Perl language, only one-liners that print text or pi, sleep and exit: {what} is \
         beyond that"
    ))
    .await;
    2
}

fn version(cx: &Cx) -> String {
    let release = cx.process.var("PERL_VERSION").unwrap_or_else(|| Bytes::from_static(b"5.42.0"));
    let release = String::from_utf8_lossy(&release).into_owned();
    let mut numbers = release.split('.').skip(1);
    let (minor, patch) = (numbers.next().unwrap_or("42"), numbers.next().unwrap_or("0"));
    format!(
        "\nThis is perl 5, version {minor}, subversion {patch} (v{release}) built for x86_64-linux-gnu\n\n\
         Copyright 1987-2025, Larry Wall\n\n\
         Perl may be copied only under the terms of either the Artistic License or the\n\
         GNU General Public License, which may be found in the Perl 5 source kit.\n\n\
         Complete documentation for Perl, including FAQ lists, should be found on\n\
         this system using \"man perl\" or \"perldoc perl\".  If you have access to the\n\
         Internet, point your browser at https://www.perl.org/, the Perl Home Page.\n\n"
    )
}

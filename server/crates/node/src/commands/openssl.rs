//! `openssl`, as far as scripts probe for it: `version`, digests, `base64`, `rand`, `passwd`. Keys and certificates are not
//! simulated, which it says.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::Cx;

const VERSION: &str = "OpenSSL 3.5.4 30 Sep 2025";
/// Digests, by how they are asked for and how they are named.
const DIGESTS: [(&str, &str); 6] = [
    ("md5", "MD5"),
    ("sha1", "SHA1"),
    ("sha224", "SHA2-224"),
    ("sha256", "SHA2-256"),
    ("sha384", "SHA2-384"),
    ("sha512", "SHA2-512"),
];
/// How many random bytes one call makes.
const MAX_RANDOM: usize = 1 << 20;
/// How long a line of base64 is.
const LINE: usize = 64;

pub(super) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let Some((command, rest)) = args.split_first() else {
        cx.complain(
            "help:\n\nStandard commands\nbase64            dgst              passwd            rand\nversion\n",
        )
        .await;
        return 0;
    };
    let command = String::from_utf8_lossy(command).into_owned();
    match command.as_str() {
        "version" => {
            cx.put(format!("{VERSION} (Library: {VERSION})\n"));
            cx.finish(0).await
        }
        "dgst" => digest(cx, None, rest).await,
        "rand" => random(cx, rest).await,
        "base64" => base64(cx, rest).await,
        "passwd" => super::openssl_passwd::run(cx, rest).await,
        "enc" if rest.iter().any(|arg| arg == "-base64" || arg == "-a") => base64(cx, rest).await,
        name if DIGESTS.iter().any(|(known, _)| *known == name) => digest(cx, Some(name), rest).await,
        "enc" | "req" | "x509" | "genrsa" | "genpkey" | "rsa" | "s_client" | "s_server" | "pkcs12"
        | "verify" | "ca" | "ecparam" | "speed" | "ciphers" => {
            cx.complain(format!("openssl: {command}: keys, certificates and ciphers are not simulated\n"))
                .await;
            1
        }
        _ => {
            cx.complain(format!("Invalid command '{command}'; type \"help\" for a list.\n")).await;
            1
        }
    }
}

/// The bytes of a file, or of standard input; `None` when that was complained of.
async fn contents(cx: &mut Cx, path: Option<&Bytes>) -> Option<Vec<u8>> {
    let name = path.cloned().unwrap_or(Bytes::from_static(b"-"));
    let read = match cx.open(&name).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    match read {
        Ok(bytes) => Some(bytes),
        Err(errno) => {
            let text = cx.text(errno);
            cx.complain(format!("{}: {text}\n", String::from_utf8_lossy(&name))).await;
            None
        }
    }
}

async fn digest(mut cx: Cx, named: Option<&str>, args: &[Bytes]) -> u8 {
    let mut name = named.unwrap_or("sha256").to_owned();
    let (mut plain, mut reversed, mut binary) = (false, false, false);
    let mut files = Vec::new();
    for arg in args {
        let text = String::from_utf8_lossy(arg).into_owned();
        match text.strip_prefix('-') {
            Some("r") => reversed = true,
            Some("binary") => binary = true,
            Some("hex" | "c") => {}
            Some("q" | "quiet") => plain = true,
            Some(digest) if DIGESTS.iter().any(|(known, _)| *known == digest) => name = digest.to_owned(),
            Some(_) => {
                cx.complain(format!("dgst: Unknown option or message digest: {}\n", &text[1..])).await;
                return 1;
            }
            None => files.push(arg.clone()),
        }
    }
    let title = DIGESTS.iter().find(|(known, _)| *known == name).map_or("", |(_, title)| title);
    let inputs: Vec<Option<Bytes>> =
        if files.is_empty() { vec![None] } else { files.into_iter().map(Some).collect() };
    let mut code = 0;
    for path in inputs {
        let Some(bytes) = contents(&mut cx, path.as_ref()).await else {
            code = 1;
            continue;
        };
        cx.process.work((bytes.len() >> 8) as u32).await;
        let sum = match name.as_str() {
            "md5" => Md5::digest(&bytes).to_vec(),
            "sha1" => Sha1::digest(&bytes).to_vec(),
            "sha224" => Sha224::digest(&bytes).to_vec(),
            "sha384" => Sha384::digest(&bytes).to_vec(),
            "sha512" => Sha512::digest(&bytes).to_vec(),
            _ => Sha256::digest(&bytes).to_vec(),
        };
        if binary {
            cx.put(&sum);
            continue;
        }
        let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = path.map_or("stdin".to_owned(), |path| String::from_utf8_lossy(&path).into_owned());
        cx.put(match (reversed, plain) {
            (true, _) => format!("{hex} *{shown}\n"),
            (_, true) => format!("{hex}\n"),
            _ => format!("{title}({shown})= {hex}\n"),
        });
    }
    cx.finish(code).await
}

async fn random(mut cx: Cx, args: &[Bytes]) -> u8 {
    let (mut hex, mut base64, mut count) = (false, false, None);
    for arg in args {
        match &arg[..] {
            b"-hex" => hex = true,
            b"-base64" => base64 = true,
            text => count = std::str::from_utf8(text).ok().and_then(|text| text.parse::<usize>().ok()),
        }
    }
    let Some(count) = count.filter(|count| *count <= MAX_RANDOM) else {
        cx.complain("Usage: rand [options] num\n").await;
        return 1;
    };
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        bytes.extend_from_slice(&cx.process.random().to_le_bytes());
    }
    bytes.truncate(count);
    if hex {
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        cx.put(text + "\n");
    } else if base64 {
        put_base64(&mut cx, &bytes, LINE);
    } else {
        cx.put(bytes);
    }
    cx.finish(0).await
}

fn put_base64(cx: &mut Cx, bytes: &[u8], line: usize) {
    let text = STANDARD.encode(bytes);
    for line in text.as_bytes().chunks(line.max(1)) {
        cx.put(line);
        cx.put("\n");
    }
}

async fn base64(mut cx: Cx, args: &[Bytes]) -> u8 {
    let (mut decode, mut one_line, mut input, mut output) = (false, false, None, None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match &word[..] {
            b"-d" => decode = true,
            b"-A" => one_line = true,
            b"-in" => input = words.next().cloned(),
            b"-out" => output = words.next().cloned(),
            _ => {}
        }
    }
    let Some(bytes) = contents(&mut cx, input.as_ref()).await else { return 1 };
    if let Some(path) = output {
        let flags = crate::kernel::fs::OpenFlags::WRITE;
        match cx.process.open_file(&path, flags, 0o666).await {
            Ok(file) => drop(cx.process.put(1, file)),
            Err(errno) => {
                let text = cx.text(errno);
                cx.complain(format!(
                    "Can't open \"{}\" for writing, {text}\n",
                    String::from_utf8_lossy(&path)
                ))
                .await;
                return 1;
            }
        }
    }
    if decode {
        let letters: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        match STANDARD.decode(letters) {
            Ok(bytes) => cx.put(bytes),
            Err(_) => {
                cx.complain("error decoding base64\n").await;
                return 1;
            }
        }
    } else {
        put_base64(&mut cx, &bytes, if one_line { usize::MAX } else { LINE });
    }
    cx.finish(0).await
}

//! `service` (Debian): runs a script of `/etc/init.d`.

use bytes::Bytes;

use super::exec;
use crate::{commands::Cx, kernel::process::Outcome};

const SCRIPTS: &str = "/etc/init.d";

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let args = std::mem::take(&mut cx.args);
    let words: Vec<String> = args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let (name, action) = match &words[..] {
        [name, action, ..] if !name.starts_with('-') => (name, action),
        [name] if !name.starts_with('-') => (name, &String::new()),
        _ => {
            cx.complain(
                "Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]\n",
            )
            .await;
            return Outcome::Exit(1);
        }
    };
    let script = format!("{SCRIPTS}/{name}");
    if name.contains('/') || cx.process.stat(script.as_bytes(), true).is_err() {
        cx.complain(format!("{name}: unrecognized service\n")).await;
        return Outcome::Exit(1);
    }
    let rest = args.get(2..).unwrap_or_default().iter().cloned();
    let action = Some(action).filter(|action| !action.is_empty()).map(|action| Bytes::from(action.clone()));
    let argv: Vec<Bytes> = [Bytes::from(script)].into_iter().chain(action).chain(rest).collect();
    exec(&mut cx, &argv, None).await
}

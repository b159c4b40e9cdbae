//! `nslookup` of busybox before 1.29: asks the C library, not the name servers, so that it goes along the search list.

use crate::{commands::Cx, libc::resolver};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let words: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let (host, server) = match &words[..] {
        [host] => (host, None),
        [host, server] => (host, Some(server)),
        _ => {
            return cx
                .bad_usage("[HOST] [SERVER]\n\nQuery the nameserver for the IP address of the given HOST")
                .await;
        }
    };
    let conf = resolver::resolv_conf(&cx.process).await;
    let server = server.cloned().or_else(|| conf.servers.first().map(ToString::to_string));
    if let Some(server) = server {
        show(&mut cx, "Server:", &server).await;
        cx.put("\n");
        cx.flush().await;
    }
    let found = show(&mut cx, "Name:", host).await;
    cx.finish(u8::from(!found)).await
}

/// A host and its addresses, with the names that these have.
async fn show(cx: &mut Cx, header: &str, host: &str) -> bool {
    let Ok(addresses) = resolver::resolve(&cx.process, host).await else {
        cx.flush().await;
        cx.error(format!("can't resolve '{host}'")).await;
        return false;
    };
    cx.put(format!("{header:<10} {host}\n"));
    for (index, address) in addresses.iter().enumerate() {
        let name = resolver::name_of(&cx.process, *address)
            .await
            .map_or_else(String::new, |name| format!(" {name}"));
        cx.put(format!("Address {}: {address}{name}\n", index + 1));
    }
    true
}

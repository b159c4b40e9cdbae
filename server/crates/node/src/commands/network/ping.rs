//! `ping` and `traceroute`.

use std::{net::IpAddr, sync::Arc, time::Duration};

use futures::future::select;

use super::connect::{FamilyWanted, addresses, busybox_address};
use crate::{
    commands::Cx,
    env,
    kernel::{process::Disposition, signal::Signal},
    libc::getopt::OptSpec,
    network::Echo,
};

const SPEC: OptSpec = OptSpec { short: "c:i:w:W:s:t:I:q46nvA", long: &[("count=", b'c')] };
const USAGE: &str = "[OPTIONS] HOST\n\nSend ICMP ECHO_REQUESTs to HOST\n\n\
\t-4,-6\t\tForce IP or IPv6 name resolution\n\
\t-c CNT\t\tSend only CNT pings\n\
\t-s SIZE\t\tSend SIZE data bytes in packets (default 56)\n\
\t-i SECS\t\tInterval\n\
\t-W SEC\t\tSeconds to wait for the first response (default 10)\n\
\t-w SEC\t\tSeconds until ping exits (default:infinite)\n\
\t-q\t\tQuiet, only display output at start/finish";

/// Runs `ping`.
pub(super) async fn ping(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let number = |letter: u8| {
        let text = opts.value(letter)?;
        std::str::from_utf8(text)
            .ok()?
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
    };
    let Some(host) = opts.operands.first().map(|host| String::from_utf8_lossy(host).into_owned()) else {
        if cx.is_gnu() {
            cx.complain("ping: usage error: Destination address required\n").await;
            return 1;
        }
        return cx.bad_usage(USAGE).await;
    };
    let wanted = match opts.last_of(b"46") {
        Some(b'4') => FamilyWanted::V4,
        Some(b'6') => FamilyWanted::V6,
        _ => FamilyWanted::Any,
    };
    let process = Arc::clone(&cx.process);
    let found = if cx.is_gnu() {
        addresses(&process, &host, wanted).await.map(|found| found[0])
    } else {
        busybox_address(&process, &host).await
    };
    let ip = match found {
        Ok(ip) => ip,
        Err(error) => {
            let reason = error.text(process.container.libc);
            let message =
                if cx.is_gnu() { format!("{host}: {reason}") } else { format!("bad address '{host}'") };
            cx.error(message).await;
            return if cx.is_gnu() { 2 } else { 1 };
        }
    };
    let plan = Plan {
        count: number(b'c').map(|count| count as u64),
        interval: env::seconds(number(b'i').unwrap_or(1.0).max(0.002)),
        deadline: number(b'w').map(env::seconds),
        patience: env::seconds(number(b'W').unwrap_or(10.0)),
        size: number(b's').map_or(56, |size| size as u64),
        quiet: opts.has(b'q'),
    };
    echo(&mut cx, &host, ip, plan).await
}

struct Plan {
    count: Option<u64>,
    interval: Duration,
    deadline: Option<Duration>,
    patience: Duration,
    size: u64,
    quiet: bool,
}

async fn echo(cx: &mut Cx, host: &str, ip: IpAddr, plan: Plan) -> u8 {
    let process = Arc::clone(&cx.process);
    process.set_disposition(Signal::INT, Disposition::Catch);
    let gnu = cx.is_gnu();
    let size = plan.size;
    let name = if gnu && host != ip.to_string() { format!("{host} ({ip})") } else { ip.to_string() };
    cx.put(if gnu {
        format!("PING {host} ({ip}) {size}({}) bytes of data.\n", size + 28)
    } else {
        format!("PING {host} ({ip}): {size} data bytes\n")
    });
    let began = process.container.host.env.clock.uptime();
    let (mut sent, mut received) = (0u64, 0u64);
    let mut times: Vec<f64> = Vec::new();
    let mut waited = false;
    loop {
        sent += 1;
        match process.container.fabric.echo(&process.container.net, ip) {
            Echo::Answer { hops } => {
                received += 1;
                let millis = 0.03 + (process.random() % 60) as f64 / 1000.0;
                if times.len() < 100_000 {
                    times.push(millis);
                }
                if !plan.quiet {
                    let ttl = 64 - hops;
                    cx.put(if gnu {
                        format!(
                            "{} bytes from {name}: icmp_seq={sent} ttl={ttl} time={millis:.3} ms\n",
                            size + 8
                        )
                    } else {
                        format!(
                            "{} bytes from {ip}: seq={} ttl={ttl} time={millis:.3} ms\n",
                            size + 8,
                            sent - 1
                        )
                    });
                }
            }
            Echo::Unreachable if gnu => {
                cx.put(format!(
                    "From {} icmp_seq={sent} Destination Host Unreachable\n",
                    process.container.net.ip
                ));
            }
            Echo::NoRoute => {
                cx.flush().await;
                let message =
                    if gnu { "connect: Network is unreachable" } else { "sendto: Network unreachable" };
                cx.error(message).await;
                return if gnu { 2 } else { 1 };
            }
            Echo::Unreachable | Echo::Silent => {}
        }
        if !cx.flush().await {
            return 1;
        }
        let last = plan.count.is_some_and(|count| sent >= count);
        let pause = match (last, received == sent) {
            (true, true) => break,
            // What was lost is waited for at the end.
            (true, false) if !waited => {
                waited = true;
                plan.patience
            }
            (true, false) => break,
            (false, _) => plan.interval,
        };
        let elapsed = process.container.host.env.clock.uptime().saturating_sub(began);
        let pause = plan.deadline.map_or(pause, |deadline| pause.min(deadline.saturating_sub(elapsed)));
        select(std::pin::pin!(process.sleep(pause)), std::pin::pin!(process.signalled())).await;
        let elapsed = process.container.host.env.clock.uptime().saturating_sub(began);
        if last
            || process.take_signal().is_some()
            || plan.deadline.is_some_and(|deadline| elapsed >= deadline)
        {
            break;
        }
    }
    let elapsed = process.container.host.env.clock.uptime().saturating_sub(began);
    let lost = (sent - received) * 100 / sent.max(1);
    cx.put(format!("\n--- {host} ping statistics ---\n"));
    cx.put(if gnu {
        format!(
            "{sent} packets transmitted, {received} received, {lost}% packet loss, time {}ms\n",
            elapsed.as_millis()
        )
    } else {
        format!("{sent} packets transmitted, {received} packets received, {lost}% packet loss\n")
    });
    if let (Some(least), Some(most)) =
        (times.iter().copied().reduce(f64::min), times.iter().copied().reduce(f64::max))
    {
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let spread =
            (times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / times.len() as f64).sqrt();
        cx.put(if gnu {
            format!("rtt min/avg/max/mdev = {least:.3}/{mean:.3}/{most:.3}/{spread:.3} ms\n")
        } else {
            format!("round-trip min/avg/max = {least:.3}/{mean:.3}/{most:.3} ms\n")
        });
    } else if gnu {
        cx.put("\n");
    }
    cx.finish(u8::from(received == 0)).await
}

const TRACEROUTE: OptSpec = OptSpec { short: "46nIm:w:q:p:s:i:FldrvTU", long: &[] };

/// Runs `traceroute`.
pub(super) async fn traceroute(mut cx: Cx) -> u8 {
    let opts = match cx.opts(TRACEROUTE, "[-46nI] [-m MAXTTL] [-w SEC] HOST [BYTES]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let Some(host) = opts.operands.first().map(|host| String::from_utf8_lossy(host).into_owned()) else {
        return cx.bad_usage("[-46nI] [-m MAXTTL] [-w SEC] HOST [BYTES]").await;
    };
    let process = Arc::clone(&cx.process);
    let Ok(ip) = busybox_address(&process, &host).await else {
        cx.error(format!("bad address '{host}'")).await;
        return 1;
    };
    let most: u64 = opts
        .value(b'm')
        .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok())
        .unwrap_or(30)
        .clamp(1, 255);
    cx.put(format!("traceroute to {host} ({ip}), {most} hops max, 46 byte packets\n"));
    let answer = process.container.fabric.echo(&process.container.net, ip);
    let mut hop = 1;
    if !process.container.net.is_local(ip) {
        cx.put(format!(" 1  {0} ({0})  0.012 ms  0.007 ms  0.006 ms\n", process.container.net.gateway));
        hop = 2;
    }
    if matches!(answer, Echo::Answer { .. }) {
        if hop <= most {
            cx.put(format!("{hop:>2}  {host} ({ip})  0.021 ms  0.014 ms  0.011 ms\n"));
        }
        return cx.finish(0).await;
    }
    while hop <= most {
        cx.put(format!("{hop:>2}  *  *  *\n"));
        cx.flush().await;
        process.sleep(Duration::from_secs(15)).await;
        hop += 1;
    }
    cx.finish(0).await
}

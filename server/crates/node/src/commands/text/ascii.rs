//! `ascii`: the table of characters (busybox).

use super::super::Cx;

const CONTROLS: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "NL", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS",
    "US",
];

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    cx.put("Dec Hex    Dec Hex    Dec Hex  Dec Hex  Dec Hex  Dec Hex   Dec Hex   Dec Hex\n");
    for row in 0..16u8 {
        let mut line = String::new();
        for column in 0..8u8 {
            let code = column * 16 + row;
            let width = if column >= 6 { 4 } else { 3 };
            line += &match code {
                0..32 => format!("{code:>3} {code:02x} {:<4}", CONTROLS[usize::from(code)]),
                127 => " 127 7f DEL".to_owned(),
                _ => format!("{code:>width$} {code:02x} {} ", char::from(code)),
            };
        }
        cx.put(line.trim_end().to_owned() + "\n");
    }
    cx.finish(0).await
}

#!/bin/sh
# Has the default server listen on IPv6 too, if its file is as the image brought it.
set -e

ME=${0##*/}
DEFAULT=/etc/nginx/conf.d/default.conf

say() {
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$ME: $*"
}

if [ ! -f /proc/net/if_inet6 ]; then
    say "info: ipv6 not available"
    exit 0
fi
if [ ! -f "$DEFAULT" ]; then
    say "info: $DEFAULT is not a file or does not exist"
    exit 0
fi
if ! touch "$DEFAULT" 2>/dev/null; then
    say "info: can not modify $DEFAULT (read-only file system?)"
    exit 0
fi

listens=
lines=
while IFS= read -r line; do
    case "$line" in
    *'listen  [::]'*) listens=v6 ;;
    *'listen       80;'*)
        lines="$lines$line
    listen  [::]:80;
"
        continue
        ;;
    esac
    lines="$lines$line
"
done < "$DEFAULT"
if [ -n "$listens" ]; then
    say "info: IPv6 listen already enabled"
    exit 0
fi

say "info: Getting the checksum of $DEFAULT"
if [ "$(cat "$DEFAULT")" != "$(cat /usr/share/doc/nginx/default.conf)" ]; then
    say "info: $DEFAULT differs from the packaged version"
    exit 0
fi
printf '%s' "$lines" > "$DEFAULT"
say "info: Enabled listen on IPv6 in $DEFAULT"

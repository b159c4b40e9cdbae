#!/bin/sh
# Starts, stops and asks after the server.

NAME=nginx
DAEMON=/usr/sbin/nginx
PIDFILE=/run/nginx.pid

runs() {
    [ -s "$PIDFILE" ] && kill -0 "$(cat "$PIDFILE")" 2>/dev/null
}

tell() {
    kill -s "$1" "$(cat "$PIDFILE")"
}

stop() {
    runs || return 0
    tell QUIT
    tries=0
    while runs; do
        tries=$((tries + 1))
        [ "$tries" -gt 30 ] && return 1
        sleep 1
    done
}

# What is done, and whether that went well.
report() {
    echo "$1 $NAME: $NAME."
    shift
    "$@"
}

case "$1" in
start)
    if runs; then exit 0; fi
    report Starting "$DAEMON"
    ;;
stop) report Stopping stop ;;
restart | force-restart)
    "$DAEMON" -t -q || exit 1
    report Restarting stop && "$DAEMON"
    ;;
reload | force-reload)
    "$DAEMON" -t -q || exit 1
    report Reloading tell HUP
    ;;
configtest) exec "$DAEMON" -t ;;
status)
    if runs; then
        echo "$NAME is running."
    else
        echo "$NAME is not running ... failed!" >&2
        exit 3
    fi
    ;;
*)
    echo "Usage: /etc/init.d/$NAME {start|stop|status|restart|reload|force-reload|configtest}" >&2
    exit 3
    ;;
esac

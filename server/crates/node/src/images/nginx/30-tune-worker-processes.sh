#!/bin/sh
# Sets the number of workers to that of the processors, where that is asked for.
set -e

[ -n "${NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE:-}" ] || exit 0
touch /etc/nginx/nginx.conf 2>/dev/null || {
    echo "${0##*/}: error: can not modify /etc/nginx/nginx.conf (read-only file system?)"
    exit 0
}
sed -i "s/^worker_processes.*/worker_processes $(nproc);/" /etc/nginx/nginx.conf

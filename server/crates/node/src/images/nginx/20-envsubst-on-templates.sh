#!/bin/sh
# Makes configuration files from templates, with the values of environment variables.
set -e

ME=${0##*/}
templates="${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}"
suffix="${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}"
output="${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}"

[ -d "$templates" ] || exit 0
if [ ! -w "$output" ]; then
    echo "$ME: ERROR: $templates exists, but $output is not writable"
    exit 0
fi

names=
for name in $(env | cut -d= -f1 | grep -E "${NGINX_ENVSUBST_FILTER:-}"); do
    names="$names\${$name} "
done
for template in $(find "$templates" -follow -type f -name "*$suffix"); do
    path="${template#"$templates"/}"
    target="$output/${path%"$suffix"}"
    mkdir -p "${target%/*}"
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$ME: Running envsubst on $template to $target"
    envsubst "$names" < "$template" > "$target"
done

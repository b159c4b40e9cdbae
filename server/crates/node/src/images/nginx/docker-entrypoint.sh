#!/bin/sh
# The entry point of the nginx image: prepares the configuration, then becomes what it was given.
set -e

say() {
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$@"
}

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    set -- "$@"
    found=
    for file in /docker-entrypoint.d/*; do
        [ -f "$file" ] && found=yes
    done
    if [ -n "$found" ]; then
        say "$0: /docker-entrypoint.d/ is not empty, will attempt to perform configuration"
        say "$0: Looking for shell scripts in /docker-entrypoint.d/"
        for file in /docker-entrypoint.d/*; do
            case "$file" in
            *.envsh)
                if [ -x "$file" ]; then
                    say "$0: Sourcing $file"
                    . "$file"
                else
                    say "$0: Ignoring $file, not executable"
                fi
                ;;
            *.sh)
                if [ -x "$file" ]; then
                    say "$0: Launching $file"
                    "$file"
                else
                    say "$0: Ignoring $file, not executable"
                fi
                ;;
            *) say "$0: Ignoring $file" ;;
            esac
        done
        say "$0: Configuration complete; ready for start up"
    else
        say "$0: No files found in /docker-entrypoint.d/, skipping configuration"
    fi
fi

exec "$@"

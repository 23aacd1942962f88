#!/usr/bin/env bash
# Sees that the named tools are there. As root on Debian, what is missing is installed; otherwise it is named in one
# line with the command that installs it.
set -euo pipefail

declare -A package=(
    [c++]=g++ [python3]=python3 [curl]=curl [chromium]=chromium [chromedriver]=chromium-driver
    [postgresql-doc-15]=postgresql-doc-15 [pip]=python3-pip [openssl]=openssl [setpriv]=util-linux
    [postgresql-15]=postgresql-15 [redis-server]=redis-server [redis-cli]=redis-tools [haproxy]=haproxy
    [promtool]=prometheus [wrk]=wrk [taskset]=util-linux
)
# Debian keeps some of them where only root looks.
PATH=$PATH:/usr/sbin:/sbin

present() {
    case $1 in
        postgresql-doc-15) [ -d /usr/share/doc/postgresql-doc-15/html ] ;;
        postgresql-15) [ -x /usr/lib/postgresql/15/bin/initdb ] ;;
        pip) python3 -m pip --version >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=()
for tool in "$@"; do
    present "$tool" && continue
    if [ "$tool" = cargo ]; then
        echo "cargo is missing: install Rust 1.94 or later with rustup (https://rustup.rs)" >&2
        exit 1
    fi
    missing+=("${package[$tool]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install --yes --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: ${missing[*]}; install with: sudo $install" >&2
    exit 1
fi
echo "installing ${missing[*]}"
log=$(mktemp)
undo=("rm -f '$log'")
trap 'for step in "${undo[@]}"; do eval "$step"; done' EXIT
export DEBIAN_FRONTEND=noninteractive

apt() {
    if ! apt-get "$@" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "could not install ${missing[*]}; see above" >&2
        exit 1
    fi
}

# Debian starts a server as soon as it is installed. The tests start their own: nothing is started here, no database
# cluster is made, and a server that runs already goes on as it is.
start_nothing() {
    local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.conf
    if [ ! -e $policy ]; then
        undo+=("rm -f $policy")
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    if is_missing postgresql-15; then
        apt install --yes --no-install-recommends postgresql-common
        undo+=("mv -f $clusters.before $clusters")
        cp -p $clusters $clusters.before
        echo "create_main_cluster = false" >>$clusters
    fi
}

is_missing() { [[ " ${missing[*]} " == *" $1 "* ]]; }

apt update
start_nothing
apt install --yes --no-install-recommends "${missing[@]}"
for service in redis-server haproxy promtool; do
    if is_missing $service; then
        update-rc.d "${package[$service]}" disable >>"$log" 2>&1
    fi
done

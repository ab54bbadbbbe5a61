#!/usr/bin/env bash
# Installs what is missing of apt-packages.txt; without root it only says what is missing.
#
#   install-apt.sh             all of the list; a missing broker is fatal unless AMQP_URL names one
#   install-apt.sh PACKAGE...  these alone
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
available() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

# Prints the package of a line "a | b" that is installed, else the first that can be had.
choose() {
  local name
  for name in "$@"; do if installed "$name"; then echo "$name"; return; fi; done
  for name in "$@"; do if available "$name"; then echo "$name"; return; fi; done
  echo "$1"
}

missing() {
  local line name
  while IFS= read -r line; do
    read -ra names <<<"${line//|/ }"
    name=$(choose "${names[@]}")
    installed "$name" || echo "$name"
  done
}

wanted() {
  if [ $# -gt 0 ]; then printf '%s\n' "$@"; else grep -v '^#' "$here/apt-packages.txt"; fi
}

# The broker of the system must not start: it would listen on all addresses with a known password.
# Our own is a plain process of the platform.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
  if [[ " $* " == *" rabbitmq-server "* ]] && command -v systemctl >/dev/null; then
    systemctl disable rabbitmq-server.service epmd.service epmd.socket >/dev/null 2>&1 || true
  fi
}

complain() {
  echo "Missing here: $*" >&2
  echo "As root:  apt-get install $*" >&2
  if [[ " $* " == *" rabbitmq-server "* ]]; then
    [ -n "${AMQP_URL:-}" ] && return 0
    echo "RabbitMQ may also be had in two other ways:" >&2
    echo "  docker compose -f docker/compose.yaml up -d     (it says what to export)" >&2
    echo "  export AMQP_URL=amqp://user:password@host:5672/vhost   (a broker that runs already)" >&2
  fi
  return 1
}

if ! command -v apt-get >/dev/null; then
  echo "No apt here; make sure that these are installed: $(wanted "$@" | tr '\n' ' ')" >&2
  exit 0
fi
mapfile -t names < <(wanted "$@" | missing)
[ ${#names[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  complain "${names[@]}"
  exit
fi
apt-get update -q </dev/null
mapfile -t names < <(wanted "$@" | missing) # a fresh machine knew no candidates before the update
install_quietly "${names[@]}"

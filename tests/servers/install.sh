#!/usr/bin/env bash
# Installs the Debian packages that the tests run real servers from; prints nothing when none is missing.
#
# Called by `make test` before pytest. As root on Debian or Ubuntu it says what it is about to install
# and installs it; anywhere else it says in one line what is missing and goes on, and pytest skips (or,
# with CI=true, fails) the tests that need it. No package here starts a service: the database comes as
# `-core`, without its init script. Older and newer servers are fetched by debian.py, not installed.
set -euo pipefail

# One "<package>[:<command>]" a word; where a command is named, finding it is enough.
wanted=(
  mariadb-server-core mariadb-client-core:mariadb
  php-cli php-mysql php-gd php-xml php-mbstring php-curl php-intl php-zip
  chromium:chromium
  default-jre-headless:java
  iproute2:ip npm:npm gettext:xgettext
  ca-certificates xz-utils:xz
)
# Whoever needs others names them: `make bench` does.
(($#)) && wanted=("$@")

missing=()
unknown=()
if command -v dpkg-query >/dev/null; then
  declare -A installed=()
  while read -r package status; do
    [[ $status == installed ]] && installed[$package]=1
  done < <(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${wanted[@]%%:*}" 2>/dev/null || true)
  for word in "${wanted[@]}"; do
    package=${word%%:*} binary=${word#"$package"}
    [[ -n ${installed[$package]:-} ]] && continue
    [[ -n $binary ]] && command -v "${binary#:}" >/dev/null && continue
    missing+=("$package")
  done
else
  for program in mariadbd php chromium java ip npm xgettext; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
fi
((${#missing[@]})) || exit 0

if ((EUID != 0)) || ! command -v apt-get >/dev/null || [[ ! -e /etc/debian_version ]]; then
  echo "tests: missing here, so some tests will be skipped: ${missing[*]} (root on Debian or Ubuntu would install them)" >&2
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo "tests: apt-get update failed, going on with the package lists that are here" >&2
installable=()
for package in "${missing[@]}"; do
  # A candidate of "(none)" is a name that only other packages mention.
  if [[ $(apt-cache policy "$package" 2>/dev/null) == *'Candidate: '[!\(]* ]]; then
    installable+=("$package")
  else
    unknown+=("$package")
  fi
done
((${#unknown[@]})) && echo "tests: not in this system's package lists, so some tests will be skipped: ${unknown[*]}" >&2
((${#installable[@]})) || exit 0
echo "tests: installing with apt-get: ${installable[*]}"
if ! log=$(apt-get install --yes --quiet --no-install-recommends "${installable[@]}" 2>&1); then
  printf '%s\n' "$log" | tail -n 25 >&2
  echo "tests: apt-get could not install all of them; tests that need the rest will be skipped" >&2
fi

#!/bin/bash
# Installs what the lab needs: Debian's packages (as root), and npm's into .lab/ (package.json).
# When all is there, it is done in a moment.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lab=$(cd "$here/../../.." && pwd)/.lab
policy=/usr/sbin/policy-rc.d
policy_before=$policy.before-lab
export PATH="$PATH:/usr/sbin:/sbin" # where daemons are, in nobody's PATH but root's

packages=(
  chromium fonts-dejavu-core                                # the browser, and letters for it
  dovecot-core dovecot-lmtpd dovecot-submissiond postfix    # the mail servers
  mmdebstrap                                                # a fresh Debian, for the container
  openssh-client openssh-server procps python3 python3-venv # the hosts, and Debian's Python
  systemd                                                   # its checks of units; it is not started
)
programs=(chromium dovecot mmdebstrap node npm postfix ps python3 ssh sshd systemd-analyze)
declare -A unit_of=([dovecot-core]=dovecot.service [openssh-server]=ssh.service [postfix]=postfix.service)

fail() {
  printf 'The lab cannot be installed: %s\n' "$1" >&2
  printf 'The tests that need no lab: .venv/bin/pytest -m "not lab"\n' >&2
  exit 1
}

has() { command -v "$1" > /dev/null; }

missing_packages() {
  for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) || true
    [ "$status" = installed ] || echo "$package"
  done
  # Node.js from elsewhere than Debian will do
  has node || echo nodejs
  has npm || echo npm
}

missing_programs() {
  for program in "${programs[@]}"; do has "$program" || echo "$program"; done
}

# Packages start their daemons when they are installed, unless this file forbids it
# (invoke-rc.d(8)). One that was there already comes back afterwards.
forbid_daemons() {
  if [ -e "$policy" ] && [ ! -e "$policy_before" ]; then mv "$policy" "$policy_before"; fi
  trap allow_daemons EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
}

allow_daemons() {
  rm -f "$policy"
  if [ -e "$policy_before" ]; then mv "$policy_before" "$policy"; fi
}

# Nor at the next boot: the lab starts its own, nobody asked for a mail server on this machine.
disable_at_boot() {
  has systemctl || return 0
  for package in "$@"; do
    unit=${unit_of[$package]:-}
    [ -z "$unit" ] || systemctl disable --quiet "$unit" ||
      echo "warning: $unit could not be disabled, it may start at the next boot" >&2
  done
}

install_packages() {
  echo "Installing for the lab: $*"
  forbid_daemons
  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # --no-remove: postfix would take away another mail server of this machine
  apt-get install --yes -qq --no-install-recommends --no-remove "$@" > "$lab/apt.log" 2>&1 || {
    tail -n 20 "$lab/apt.log" >&2
    fail "apt-get install $* failed (all of it: .lab/apt.log). If it wanted to remove another mail server, remove that yourself or run the tests in a container."
  }
  disable_at_boot "$@"
}

require_packages() {
  if ! has dpkg-query; then
    mapfile -t missing < <(missing_programs)
    [ ${#missing[@]} -eq 0 ] ||
      fail "this is not Debian, and there is no ${missing[*]}. Install them (Dovecot 2.4.1 or newer, Node.js 20 or newer), or run the tests on Debian 13."
    return
  fi
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] ||
    fail "it needs root for: apt-get install --no-install-recommends ${missing[*]}
Run that as root, or: sudo tests/support/lab/install.sh"
  install_packages "${missing[@]}"
}

require_node() {
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed, this is $(node --version)."
}

# The exact versions are in package.json; a lock file would name the registry of whoever wrote it.
require_npm_packages() {
  wanted=$(sha256sum < "$here/package.json")
  [ "$(cat "$lab/npm-installed" 2> /dev/null)" != "$wanted" ] || return 0
  echo "Installing npm's packages of the lab into .lab/"
  rm -rf "$lab/node_modules"
  cp "$here/package.json" "$lab/"
  npm install --prefix "$lab" --no-package-lock --ignore-scripts --no-audit --no-fund \
    > "$lab/npm.log" 2>&1 || {
    tail -n 20 "$lab/npm.log" >&2
    fail "npm install failed (all of it: .lab/npm.log)."
  }
  echo "$wanted" > "$lab/npm-installed"
}

mkdir -p "$lab"
exec 9< "$lab"
flock 9 # two test runs may begin at once
require_packages
require_node
require_npm_packages

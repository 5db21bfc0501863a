# Sourced by run, test and bench, with `set -euo pipefail` in force: what they need of the machine.
# Sets root, the checkout, and makes it the current folder, so that global.json holds wherever we were called from.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }

# The .NET SDK that global.json asks for.
need_sdk() {
  if ! command -v dotnet >/dev/null 2>&1; then
    say "The .NET 10 SDK is missing. Install it from https://dotnet.microsoft.com/download/dotnet/10.0 and try again."
    exit 1
  fi
  if ! dotnet --version >/dev/null 2>&1; then
    say "The .NET SDK on this machine is not the one global.json asks for:"
    dotnet --version >&2 || true
    exit 1
  fi
}

have_postgres() {
  command -v initdb >/dev/null 2>&1 && return 0
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return 0
  compgen -G '/usr/libexec/postgresql*/initdb' >/dev/null && return 0
  compgen -G '/opt/homebrew/opt/postgresql*/bin/initdb' >/dev/null && return 0
  compgen -G '/usr/local/opt/postgresql*/bin/initdb' >/dev/null && return 0
  compgen -G '/Applications/Postgres.app/Contents/Versions/*/bin/initdb' >/dev/null
}

have_redis() {
  command -v redis-server >/dev/null 2>&1 || command -v valkey-server >/dev/null 2>&1
}

# PostgreSQL and Redis: installed from Debian's packages where we may, else said plainly.
#   need_servers POSTGRES_VARIABLE REDIS_VARIABLE   a variable that is set names a server to use instead
need_servers() {
  local missing=()
  [ -n "${!1:-}" ] || have_postgres || missing+=(postgresql)
  [ -n "${!2:-}" ] || have_redis || missing+=(redis-server)
  [ ${#missing[@]} -eq 0 ] && return 0

  if ! can_install; then
    say "Missing on this machine: ${missing[*]}."
    say "  Debian, Ubuntu:  sudo apt-get install ${missing[*]}"
    say "  macOS:           brew install postgresql@16 redis"
    say "  Fedora:          sudo dnf install postgresql-server redis"
    say "Or set $1 and $2 to servers that already run."
    return 1
  fi
  install_packages "${missing[@]}"
}

# Node and npm, by which one test checks our GraphQL documents against the schema Shopify publishes.
need_node() {
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && return 0
  if ! can_install; then
    say "Missing on this machine: node and npm (Debian, Ubuntu: sudo apt-get install nodejs npm)."
    return 1
  fi
  install_packages nodejs npm
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; }

install_packages() {
  say "Installing $* (Debian packages) ..."
  local log policy=/usr/sbin/policy-rc.d ours=0 failed=0
  log=$(mktemp)
  # We start servers of our own; the packages' system services stay off, unless this machine has a policy already.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    ours=1
  fi
  {
    apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  } >"$log" 2>&1 </dev/null || failed=1
  [ "$ours" -eq 1 ] && rm -f "$policy"
  if [ "$failed" -eq 1 ]; then
    say "The packages could not be installed. apt-get said:"
    tail -n 20 "$log" >&2
    return 1
  fi
  rm -f "$log"
}

# Builds quietly; a failure shows what the compiler said.
build() {
  local log
  log=$(mktemp)
  # A compiler that lives for one build pays for the second compilation of itself and sees little of it: a tenth of the time.
  if ! DOTNET_TieredPGO=0 dotnet build --nologo -v q -clp:NoSummary "$@" >"$log" 2>&1; then
    sort -u "$log" | tail -n 40 >&2
    rm -f "$log"
    say "The build failed."
    return 1
  fi
  rm -f "$log"
}

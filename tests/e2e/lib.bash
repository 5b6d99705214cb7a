# lib.bash - a server of its own for each test, and what to ask it. Loaded by every suite:
#
#   load lib
#   setup() { httpd_setup; }
#   teardown() { httpd_teardown; }
#
#   @test "a file is served" {
#     httpd_config <<<''
#     httpd_start
#     assert_status 200 /index.html
#   }
#
# Each test has a directory ($DIR, its site's root is $ROOT) and a port ($PORT) that no other has. The teardown
# stops the server and fails the test if a worker died, a sanitizer spoke, a descriptor leaked or a
# process stayed behind.
#
# From the environment: HTTPD, the binary (default build/httpd); TEST_SHIM=1, run it under the short-I/O
# shim; TEST_PORTS="FIRST LAST", where ports are taken from; TEST_PROTO, what url, fetch and their kin
# speak: h1 (default), h1s (with TLS), h2 (with TLS), h2c (in the clear, by prior knowledge). A suite
# that has the tag `transports` is run over all four by transports.sh.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

TOP=${TEST_TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
BUILD=${TEST_BUILD:-$TOP/build}
HTTPD=${HTTPD:-$BUILD/httpd}
PROTO=${TEST_PROTO:-h1}

# ---- waiting -------------------------------------------------------------------------------------

# Runs the command again until it succeeds; fails after SECONDS.
wait_until() { # SECONDS COMMAND...
  local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "${EPOCHREALTIME/./}" -lt $end ] || return 1
    sleep 0.02
  done
}

# Where a function may be called in a condition, set -e does not end it: there it is `fail ... || return`.
fail() {
  printf '%s\n' "$*" >&2
  return 1
}

gone() { # PID; a zombie is gone
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
  [ -z "$state" ] || [ "$state" = Z ]
}

# ---- a directory and ports of its own ------------------------------------------------------------

port_in_use() { # PORT
  grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6
}

# A port is claimed by a file that holds the pid of the test, so tests that run at the same time never meet. The
# range lies below the kernel's own choice for outgoing connections.
claim_port() { # VARIABLE
  local -n claimed=$1
  local locks=${TMPDIR:-/tmp}/httpd-e2e-ports port first last
  read -r first last <<<"${TEST_PORTS:-24600 24699}"
  [ -d "$locks" ] || mkdir -m 1777 "$locks" 2>/dev/null || true
  for port in $(shuf -i "$first-$last"); do
    if [ -s "$locks/$port" ] && ! [ -d "/proc/$(<"$locks/$port")" ]; then
      rm -f "$locks/$port"
    fi
    if (set -o noclobber && echo $$ >"$locks/$port") 2>/dev/null; then
      if ! port_in_use "$port"; then
        claimed=$port
        CLAIMS+=("$locks/$port")
        return
      fi
      rm -f "$locks/$port"
    fi
  done
  fail "no free port from $first to $last"
}

httpd_setup() {
  local shim=$BUILD/tests/shim/shortio.so
  [ -z "${TEST_SHIM-}" ] || [ -e "$shim" ] || fail "no $shim (make $shim)" || return
  CLAIMS=() EXPECT_DEATHS='' MASTER='' IDLE_FDS='' SERVER_WRAP=() SERVER_ENV=()
  # Not below the directories of bats: the workers' user could not enter them.
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/httpd-e2e.XXXXXX")
  chmod 755 "$DIR"
  ROOT=$DIR/www
  CONF=$DIR/httpd.conf
  ERRORS=$DIR/error.log
  ACCESS=$DIR/access.log
  mkdir "$ROOT"
  mkdir -m 1777 "$DIR/sanitizer"
  echo 'hello' >"$ROOT/index.html"
  claim_port PORT
  transport_setup
}

# ---- what is spoken ------------------------------------------------------------------------------

# Every curl finds its options in a file; behind --next it has to be told again: "${CURL[@]}".
transport_setup() {
  local ca=$BATS_RUN_TMPDIR/site.pem
  HTTP_VERSION=1.1 SCHEME=http CURL=()
  case $PROTO in
    h1) return ;;
    h1s) SCHEME=https CURL=(--cacert "$ca" --http1.1) ;;
    h2) SCHEME=https CURL=(--cacert "$ca" --http2) HTTP_VERSION=2 ;;
    h2c) CURL=(--http2-prior-knowledge) HTTP_VERSION=2 ;;
    *) fail "TEST_PROTO=$PROTO is none of h1 h1s h2 h2c" || return ;;
  esac
  printf '%s\n' "cacert = $ca" "${CURL[-1]}" >"$DIR/.curlrc"
  printf '%s\n' "ca_certificate = $ca" >"$DIR/.wgetrc"
  export CURL_HOME=$DIR WGETRC=$DIR/.wgetrc
  [ "$SCHEME" = http ] || [ -e "$ca" ] || make_site_certificate "$ca"
  skip_other_transports
}

make_site_certificate() { # FILE; once for all tests of a run
  openssl req -x509 -nodes -subj '/CN=e2e' -days 30 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
    -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:example.org,DNS:*.example.org' \
    -keyout "$1.key" -out "$1.new" 2>"$DIR/openssl" || fail "$(<"$DIR/openssl")" || return
  mv "$1.new" "$1"
}

# What a test does by hand is HTTP/1.1 in the clear, and says nothing about another transport.
skip_other_transports() {
  local body
  body=$(declare -f "$BATS_TEST_NAME")
  ! grep -qE '\<(raw|raw_statuses|peer)\>' <<<"$body" || skip "$PROTO: bytes of HTTP/1.1"
  ! grep -qF 'http://127.0.0.1' <<<"$body" || skip "$PROTO: a URL of its own"
  ! grep -qE 'httpd_start -' <<<"$body" || skip "$PROTO: listens as the command line says"
  ! [[ $body == *wget* && $HTTP_VERSION = 2 ]] || skip "$PROTO: wget has no HTTP/2"
}

# For tests of what HTTP/2 does not have.
needs_http1() { # WHAT
  [ "$HTTP_VERSION" = 1.1 ] || skip "$PROTO: $1"
}

# For tests that send more than one request over a connection of curl.
needs_reuse() {
  [ "$PROTO" != h2c ] || [[ ! $(curl --version) =~ ^curl\ [67]\. ]] ||
    skip "h2c: this curl can not use a connection twice (fixed in 8.0)"
}

# The configuration on standard input, with TLS where it listens on $PORT.
add_tls() {
  local certificate=$BATS_RUN_TMPDIR/site.pem
  if [ "$SCHEME" = http ]; then
    cat
    return
  fi
  sed "s|\bport = $PORT;|port = $PORT; tls = true;|"
  echo "tls = { certificate = \"$certificate\"; key = \"$certificate.key\"; };"
}

# ---- the server ----------------------------------------------------------------------------------

# Writes the configuration from standard input, and adds what it does not say.
httpd_config() { # [FILE]
  local file=${1:-$CONF} body
  body=$(cat)
  {
    says() { grep -qE "^[[:space:]]*$1[[:space:]]*=" <<<"$body"; }
    printf '%s\n' "$body"
    says workers || echo 'workers = 2;'
    says pid_file || echo "pid_file = \"$DIR/httpd.pid\";"
    says control || echo "control = \"$DIR/control.sock\";"
    says listen || echo "listen = ( { address = \"127.0.0.1\"; port = $PORT; } );"
    says log || echo "log = { access = \"$ACCESS\"; error = \"$ERRORS\"; level = \"info\"; };"
    says sites || echo "sites = ( { root = \"$ROOT\"; } );"
  } | add_tls >"$file.new"
  mv "$file.new" "$file"
}

# Runs the binary in front, as a user would for --test or --signal.
httpd() {
  timeout --kill-after=5 30 "$HTTPD" "$@" 3>&-
}

server_environment() {
  local sanitizers="log_path=$DIR/sanitizer/report:print_stacktrace=1"
  printf '%s\n' "ASAN_OPTIONS=$sanitizers:verify_asan_link_order=0:${ASAN_OPTIONS-}" \
    "UBSAN_OPTIONS=$sanitizers" "TSAN_OPTIONS=$sanitizers" "${SERVER_ENV[@]}"
  [ -z "${TEST_SHIM-}" ] || echo "LD_PRELOAD=$BUILD/tests/shim/shortio.so"
}

# Starts it in the background and returns at once; $MASTER is its pid.
httpd_spawn() { # [ARGUMENT...]
  local env
  mapfile -t env < <(server_environment)
  [ $# -gt 0 ] || set -- --config "$CONF"
  env "${env[@]}" "${SERVER_WRAP[@]}" "$HTTPD" "$@" \
    >>"$DIR/stdout" 2>>"$DIR/stderr" </dev/null 3>&- &
  MASTER=$!
}

# Starts it and returns when all workers accept.
httpd_start() { # [ARGUMENT...]
  httpd_spawn "$@"
  wait_until 10 httpd_ready_or_gone && ! gone "$MASTER" ||
    fail "not ready: $(tail -n 20 "$DIR/stderr" "$ERRORS" 2>&1)" || return
  fd_baseline
}

httpd_ready_or_gone() {
  gone "$MASTER" && return
  answers "$PORT" && [ -n "$(worker_pids)" ]
}

# Whether a request gets an answer there; on $PORT over the transport that is to be tested.
answers() { # PORT
  [ "$1" = "$PORT" ] || { curl -q -s -o "$DIR/probe" --max-time 2 "http://127.0.0.1:$1/"; return; }
  [ "$(curl -s -o "$DIR/probe" --max-time 2 -w '%{http_version}' "$(url /)")" = "$HTTP_VERSION" ]
}

httpd_master() { # the pid of whoever is in charge
  cat "$DIR/httpd.pid"
}

# Stops it and checks how it went. The status of a master that is our child is looked at too.
httpd_stop() { # [SIGNAL]
  local signal=${1:-TERM} workers status=0 pid
  workers=$(worker_pids)
  kill -s "$signal" "$MASTER"
  wait_until 10 gone "$MASTER" || fail "pid $MASTER does not stop on $signal" || return
  wait "$MASTER" 2>/dev/null || status=$?
  [ $status = 0 ] || [ $status = 127 ] || fail "exit status $status after $signal" || return
  for pid in $workers; do
    wait_until 5 gone "$pid" || fail "worker $pid outlives its master" || return
  done
  MASTER=''
}

httpd_reload() {
  httpd --config "$CONF" --signal reload
}

worker_pids() {
  local pid
  for pid in $(pgrep -P "$MASTER"); do
    # Helpers have titles of their own; a child that is just being made has its master's.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q '^httpd: worker'; then
      echo "$pid"
    fi
  done
}

worker_count() {
  worker_pids | wc -l
}

workers_are() { # NUMBER
  [ "$(worker_count)" = "$1" ]
}

# ---- descriptors ---------------------------------------------------------------------------------

# What a process has open, without files: those of the site are kept open on purpose, up to a bound.
open_descriptors() { # PID
  find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null | grep -v '^/' | sed 's/:\[.*//' | sort
}

fd_count() { # PID
  open_descriptors "$1" | wc -l
}

fd_baseline() {
  local worker
  read -r worker < <(worker_pids)
  MASTER_FDS=$(fd_count "$MASTER")
  WORKERS_THEN=$(worker_count)
  # The probe's connection may still be open there.
  wait_until 2 no_connection "$worker" || true
  IDLE_FDS=$(fd_count "$worker")
}

established() { # PID; its connections on $PORT
  local inodes
  inodes=$(find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null | sed -n 's/^socket:\[\(.*\)\]/\1/p')
  [ -n "$inodes" ] || return 0
  awk '$4 != "0A" { print $10 }' /proc/net/tcp /proc/net/tcp6 | grep -Fxf <(printf '%s\n' "$inodes")
}

no_connection() { # PID
  [ -z "$(established "$1")" ]
}

worker_is_clean() { # PID
  [ "$(fd_count "$1")" -le "$IDLE_FDS" ]
}

master_is_clean() {
  [ "$(worker_count)" != "$WORKERS_THEN" ] || [ "$(fd_count "$MASTER")" -le "$MASTER_FDS" ]
}

# The same file open many times is a leak that a count of files would not show.
files_open_twice() { # PID
  find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null | grep '^/' | grep -v '^/dev/' | sort | uniq -c |
    awk '$1 > 3'
}

check_descriptors() {
  local pid
  [ -n "$IDLE_FDS" ] || return 0
  wait_until 5 master_is_clean ||
    fail "master leaks descriptors: $MASTER_FDS before, now: $(open_descriptors "$MASTER")" || return
  for pid in $(worker_pids); do
    wait_until 5 worker_is_clean "$pid" ||
      fail "worker leaks descriptors: $IDLE_FDS before, now: $(open_descriptors "$pid")" || return
    [ -z "$(files_open_twice "$pid")" ] ||
      fail "worker leaks: $(files_open_twice "$pid")" || return
  done
}

# ---- the end of a test ---------------------------------------------------------------------------

check_sanitizers() {
  local report
  report=$(cat "$DIR"/sanitizer/* 2>/dev/null)
  report+=$(cat "$DIR/stderr" "$ERRORS" 2>/dev/null |
    grep -aE 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:')
  [ -z "$report" ] || fail "$report"
}

deaths() {
  cat "$DIR/stderr" "$ERRORS" 2>/dev/null | grep -acE 'worker [0-9]+ \(pid [0-9]+\) (killed by|exited with)'
}

check_deaths() {
  local count
  count=$(deaths)
  [ "$count" = "${EXPECT_DEATHS:-0}" ] ||
    fail "$count workers died, not ${EXPECT_DEATHS:-0}: $(grep -ahsE 'worker' "$DIR/stderr" "$ERRORS")"
}

httpd_teardown() {
  local status=0
  if [ -n "$MASTER" ] && ! gone "$MASTER"; then
    check_descriptors || status=1
    httpd_stop || { status=1; kill -KILL "$MASTER" || true; }
  fi
  check_deaths || status=1
  check_sanitizers || status=1
  if [ $status != 0 ] || [ -z "${BATS_TEST_COMPLETED-}" ]; then
    tail -n 30 "$DIR/stderr" "$ERRORS" 2>/dev/null || true
  fi
  rm -rf "$DIR" "${CLAIMS[@]}"
  return $status
}

# ---- asking --------------------------------------------------------------------------------------

url() { # PATH
  echo "$SCHEME://127.0.0.1:$PORT$1"
}

fetch() { # PATH [CURL-OPTION...]; prints the content
  local path=$1
  shift
  curl -sS --max-time 10 --path-as-is "$@" "$(url "$path")"
}

status_of() { # PATH [CURL-OPTION...]
  fetch "$@" -o "$DIR/body" -w '%{http_code}'
}

# All field lines of the answer, without CR, with names as HTTP/1.1 has them.
head_of() { # PATH [CURL-OPTION...]
  fetch "$@" -o /dev/null -D - | tr -d '\r' | old_names
}

old_names() {
  if [ "$HTTP_VERSION" = 2 ]; then
    sed -E ':more; s/^(([A-Z][a-z0-9]*-)*)([a-z])([a-z0-9-]*:)/\1\u\3\4/; t more
      s/^Etag:/ETag:/; s/^Www-/WWW-/; s/^X-Request-Id:/X-Request-ID:/'
  else
    cat
  fi
}

field_of() { # NAME PATH [CURL-OPTION...]
  local name=$1
  shift
  head_of "$@" | sed -n "s/^$name: //Ip"
}

# Sends bytes (as printf %b understands them, or standard input) and prints what comes until the server closes.
raw() { # [BYTES]
  local socket status=0
  exec {socket}<>"/dev/tcp/127.0.0.1/$PORT"
  if [ $# -gt 0 ]; then
    # One write, so one segment; printf would write each line on its own.
    printf '%b' "$1" | cat >&"$socket"
  else
    cat >&"$socket"
  fi
  timeout 10 cat <&"$socket" || status=$?
  exec {socket}>&-
  return $status
}

# The status code of each answer to what is sent, in one line.
raw_statuses() { # BYTES
  raw "$1" | grep -aoE '^HTTP/1\.1 [0-9]{3}' | cut -d' ' -f2 | paste -sd' '
}

# Clients that the shell can not play; see peer.py.
peer() { # COMMAND [ARGUMENT...]
  python3 "$TOP/tests/e2e/peer.py" "$@"
}

# ---- asserting -----------------------------------------------------------------------------------

assert_equal() { # WANTED GOT
  [ "$1" = "$2" ] || fail "wanted: $1"$'\n'"got:    $2"
}

assert_match() { # REGEX TEXT
  [[ $2 =~ $1 ]] || fail "wanted: $1"$'\n'"got:    $2"
}

refute_match() { # REGEX TEXT
  [[ ! $2 =~ $1 ]] || fail "not wanted: $1"$'\n'"got:        $2"
}

assert_status() { # STATUS PATH [CURL-OPTION...]
  local wanted=$1
  shift
  assert_equal "$wanted" "$(status_of "$@")"
}

log_says() { # REGEX
  grep -qaE "$1" "$ERRORS"
}

assert_log() { # REGEX; the line may be on its way
  wait_until 5 log_says "$1" || fail "the log does not say: $1"$'\n'"$(tail -n 20 "$ERRORS")"
}

#!/usr/bin/env bats
#
# HTTP/2: clients that people use, the rules of RFC 9113 one by one, limits, reloads, and clients that want to be a burden.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' "$@" | httpd_config
}

fetch2() { # PATH [CURL-OPTION...]
  fetch "$@" --http2-prior-knowledge
}

status2() { # PATH [CURL-OPTION...]
  fetch2 "$@" -o "$DIR/body" -w '%{http_version} %{http_code}'
}

h2() { # PROGRAM [ARGUMENT...]
  local program=$1
  shift
  timeout 60 python3 "$TOP/tests/e2e/h2_$program.py" "$PORT" "$@"
}

# ---- clients -------------------------------------------------------------------------------------

@test "curl, nghttp and h2load are served over one port with HTTP/1.1" {
  configure
  httpd_start
  assert_equal '2 200' "$(status2 /)"
  assert_equal '1.1 200' "$(fetch / -o /dev/null -w '%{http_version} %{http_code}')"
  assert_equal hello "$(nghttp "$(url /)")"
  run h2load -n 1000 -c 4 -m 32 "$(url /)"
  assert_match '1000 succeeded, 0 failed, 0 errored' "$output"
}

@test "http2 = false on a listener turns it off there" {
  claim_port OTHER
  configure "listen = ( { address = \"127.0.0.1\"; port = $PORT; http2 = false; },
    { address = \"127.0.0.1\"; port = $OTHER; } );"
  httpd_start
  assert_equal 505 "$(raw_statuses 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')"
  curl -sS --http2-prior-knowledge -o /dev/null "http://127.0.0.1:$OTHER/"
}

@test "files of awkward sizes arrive whole" {
  configure
  local size
  for size in 0 1 1024 1025 16374 16375 16376 65535 65536 65537 262144 3000000; do
    head -c "$size" /dev/urandom >"$ROOT/$size.bin"
  done
  httpd_start
  for size in "$ROOT"/*.bin; do
    fetch2 "/${size##*/}" -o "$DIR/got"
    cmp "$size" "$DIR/got"
  done
}

@test "a hundred files over one connection at once" {
  configure
  local i
  for i in {1..100}; do
    head -c $((i * 1999)) /dev/urandom >"$ROOT/$i.bin"
  done
  httpd_start
  assert_equal '' "$(h2 files "$ROOT")"
}

@test "HEAD, ranges, 304, 404, 405 and 501 as over HTTP/1.1" {
  configure
  httpd_start
  assert_equal '2 200' "$(status2 / -I)"
  assert_equal '2 206' "$(status2 / -r 1-2)"
  assert_equal el "$(cat "$DIR/body")"
  assert_equal '2 304' "$(status2 / -H "If-None-Match: *")"
  assert_equal '2 404' "$(status2 /missing)"
  assert_equal '2 405' "$(status2 / -X DELETE)"
  assert_equal '2 501' "$(status2 / -X BREW)"
  assert_match 'allow: GET' "$(fetch2 / -X DELETE -o /dev/null -D -)"
}

@test "field names are in lower case, and none speaks of a connection" {
  configure
  httpd_start
  local head
  head=$(fetch2 / -o /dev/null -D - | tr -d '\r' | tail -n +2)
  refute_match '[A-Z][A-Za-z-]*:' "$(cut -d' ' -f1 <<<"$head")"
  assert_match $'\ndate: ' $'\n'"$head"
  assert_match $'\ncontent-length: 6' $'\n'"$head"
  refute_match $'\n(connection|keep-alive|transfer-encoding):' $'\n'"$head"
}

@test "from the second answer on fields take less than 30 percent" {
  configure
  httpd_start
  local lengths
  lengths=$(nghttp -nv "$(url /index.html)" "$(url /index.html?2)" "$(url /index.html?3)" |
    sed -n 's/.*recv HEADERS frame <length=\([0-9]*\),.*/\1/p')
  assert_equal 3 "$(wc -l <<<"$lengths")"
  local plain
  plain=$(fetch2 / -o /dev/null -D - | tr -d '\r' | tail -n +2 | wc -c)
  [ $(($(tail -n 1 <<<"$lengths") * 100)) -lt $((plain * 30)) ] || fail "$lengths of $plain bytes"
}

@test "requests with content, and Expect: 100-continue" {
  configure
  httpd_start
  head -c 500000 /dev/zero >"$DIR/upload"
  assert_equal '2 405' "$(status2 / --data-binary abc)"
  assert_equal '2 405' "$(status2 / --data-binary "@$DIR/upload")"
  assert_equal '2 405' "$(status2 / --data-binary "@$DIR/upload" -H 'Expect: 100-continue')"
  assert_equal '2 417' "$(status2 / -H 'Expect: wonders')"
}

# ---- the rules -----------------------------------------------------------------------------------

@test "every MUST of RFC 9113" {
  configure
  head -c 3000000 /dev/zero >"$ROOT/large.bin"
  httpd_start
  run h2 rules
  assert_match '^[0-9]+ rules, 0 broken$' "$output"
}

# ---- limits --------------------------------------------------------------------------------------

letters() { # NUMBER
  head -c "$1" /dev/zero | tr '\0' a
}

@test "limits: 414, 431 by bytes and by number, 413" {
  configure 'limits = { uri = 1000; header_size = "4k"; headers = 20; body = "1k"; };'
  httpd_start
  assert_equal '2 404' "$(status2 "/$(letters 900)")"
  assert_equal '2 414' "$(status2 "/$(letters 1100)")"
  assert_equal '2 200' "$(status2 / -H "X: $(letters 3000)")"
  assert_equal '2 431' "$(status2 / -H "X: $(letters 5000)")"
  local many=() i
  for i in {1..30}; do
    many+=(-H "X-$i: y")
  done
  assert_equal '2 431' "$(status2 / "${many[@]}")"
  assert_equal '2 413' "$(status2 / --data-binary "$(letters 5000)")"
}

@test "limits.keepalive_requests ends the connection, and loses nothing" {
  configure 'limits = { keepalive_requests = 10; };'
  httpd_start
  assert_equal $'served 10 last 19 code 0\nend True' "$(h2 drain requests)"
}

@test "a connection without a request, and an idle one, are told GOAWAY and closed" {
  configure 'timeouts = { header = "1s"; idle = "1s"; adaptive = false; };'
  httpd_start
  assert_equal 'goaway 0' "$(h2 abuse silent)"
}

@test "cookies in crumbs are one cookie" {
  # shellcheck disable=SC2016  # a variable of the server, not of the shell
  configure "log = { access = \"$ACCESS\"; error = \"$ERRORS\"; format = \"\${protocol} \${http_cookie}\"; };"
  httpd_start
  nghttp -n "$(url /)" -H 'cookie: a=1' -H 'cookie: b=2' -H 'cookie: c=3'
  wait_until 5 grep -qx 'HTTP/2.0 a=1; b=2; c=3' "$ACCESS" || fail "$(cat "$ACCESS")"
}

@test "access log: what was refused is there too" {
  configure
  httpd_start
  nghttp -n "$(url /)" -H 'Connection: close' || true
  wait_until 5 grep -q ' 400 ' "$ACCESS" || fail "$(cat "$ACCESS")"
}

# ---- reloads -------------------------------------------------------------------------------------

@test "a reload is told in two steps: nothing under way is lost" {
  configure 'workers = 1;'
  head -c 300000 /dev/zero >"$ROOT/large.bin"
  httpd_start
  mkfifo "$DIR/go"
  h2 drain reload <"$DIR/go" >"$DIR/seen" &
  exec {go}>"$DIR/go"
  wait_until 5 grep -q ready "$DIR/seen"
  httpd_reload
  echo >&"$go"
  exec {go}>&-
  wait $! || fail "$(cat "$DIR/seen")"
  assert_equal $'ready\nnotice True 0\nfinal 3 0\nfirst 200 299990\nlate []\nend True' "$(cat "$DIR/seen")"
}

# TEST_LONG=1 takes the full measure.
@test "reloads under load lose no stream" {
  local i rounds=10
  [ -z "${TEST_LONG-}" ] || rounds=100
  configure
  head -c 3000000 /dev/zero >"$ROOT/large.bin"
  httpd_start
  # All streams of a connection begin at once; small windows make them last, over more than one reload.
  (while [ ! -e "$DIR/over" ]; do
    h2load -n 64 -c 4 -m 16 -w 12 -W 14 "$(url /large.bin)" | sed -n 's/^requests: //p'
  done) >"$DIR/load" 3>&- &
  for ((i = 0; i < rounds; i++)); do
    httpd_reload
  done
  touch "$DIR/over"
  wait $!
  [ -s "$DIR/load" ]
  assert_equal '' "$(grep -v '64 succeeded, 0 failed, 0 errored' "$DIR/load")"
}

# ---- clients that want to be a burden ------------------------------------------------------------

# A good client on another connection is served all the while.
abuse() { # WHAT WANTED
  local slowest
  (while [ ! -e "$DIR/over" ]; do
    fetch2 / -o /dev/null -w '%{http_code} %{time_total}\n'
  done) >"$DIR/good" &
  local got
  got=$(h2 abuse "$1")
  touch "$DIR/over"
  wait $!
  rm "$DIR/over"
  [[ $got == "$2" ]] || fail "$1: wanted $2, got $got"
  refute_match $'\n[^2]' $'\n'"$(cut -c1 "$DIR/good")"
  slowest=$(cut -d' ' -f2 "$DIR/good" | sort -n | tail -n 1)
  [ "${slowest%.*}" -lt 2 ] || fail "$1: a good client waited for $slowest s"
}

patience() {
  configure 'workers = 1;' \
    'timeouts = { header = "1s"; send = "1s"; body = "1s"; idle = "5s"; min_rate = 1000; adaptive = false; };'
  head -c 3000000 /dev/zero >"$ROOT/large.bin"
  httpd_start
}

@test "requests that are cancelled or malformed, again and again" {
  patience
  abuse rapid_reset 'goaway 11'
  assert_log 'is given up: too many requests cancelled or malformed'
  abuse made_to_reset 'goaway 11'
  abuse malformed 'goaway 11'
  assert_equal 1 "$(grep -c 'is given up' "$ERRORS")" # one line in ten seconds
}

@test "fields without end, or far too large" {
  patience
  abuse continuation 'goaway 11'
  abuse empty_continuation 'goaway 11'
  abuse large_fields 'goaway 11'
  abuse bomb 'goaway 11'
}

@test "floods of frames that bring nothing" {
  patience
  local what
  for what in settings_flood ping ping_and_read empty_data padding window_update priority priority_update unknown; do
    abuse "$what" 'goaway 11'
  done
}

@test "peers that take nothing, or a little now and then" {
  patience
  local what
  for what in no_window drips reads_nothing; do
    abuse "$what" bounded
  done
}

@test "peers that send too slowly" {
  patience
  abuse slow_fields bounded
  abuse slow_content bounded
}

@test "memory: what clients did is given back" {
  ! grep -q __asan_init "$HTTPD" || skip 'AddressSanitizer holds back what is freed'
  patience
  local worker before
  worker=$(worker_pids)
  h2 abuse no_window >/dev/null
  before=$(awk '/VmRSS/ { print $2 }' "/proc/$worker/status")
  for _ in 1 2 3 4 5; do
    h2 abuse no_window >/dev/null
    h2 abuse large_fields >/dev/null
  done
  [ "$(awk '/VmRSS/ { print $2 }' "/proc/$worker/status")" -lt $((before + 4096)) ]
}

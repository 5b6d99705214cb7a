#!/usr/bin/env bats
#
# HTTP/1.1 on the wire: framing, persistence, pipelining, virtual hosts, refusals, time-outs, the access log.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' "$@" | httpd_config
}

# Fields that every request in these tests has.
H='Host: localhost\r\n'

# ---- answers -------------------------------------------------------------------------------------

@test "an answer has status line, Date, Content-Length and the content" {
  configure
  httpd_start
  local answer
  answer=$(raw "GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\n" | tr -d '\r')
  assert_match '^HTTP/1.1 200 OK' "$answer"
  assert_match $'\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\n' "$answer"
  assert_match $'\nContent-Length: 6\n' "$answer"
  assert_match $'\nConnection: close\n' "$answer"
  assert_match $'\n\nhello$' "$answer"
}

@test "HEAD has the fields of GET and no content" {
  configure
  httpd_start
  local get head
  get=$(head_of / | grep -vE '^(Date|X-Request-ID):')
  head=$(head_of / -I | grep -vE '^(Date|X-Request-ID):')
  assert_equal "$get" "$head"
  assert_equal '' "$(raw "HEAD / HTTP/1.1\r\n${H}Connection: close\r\n\r\n" | sed '1,/^\r$/d')"
}

@test "a large answer arrives whole" {
  configure
  head -c 100000 /dev/urandom >"$ROOT/large.bin"
  httpd_start
  fetch /large.bin -o "$DIR/got" --max-time 60
  cmp "$ROOT/large.bin" "$DIR/got"
}

# ---- persistence ---------------------------------------------------------------------------------

@test "a connection is kept for the next request" {
  configure
  httpd_start
  run fetch / -o /dev/null "$(url /)" -o /dev/null -w '%{num_connects}'
  assert_equal 10 "$output"
}

@test "Connection: close closes" {
  configure
  httpd_start
  assert_equal 200 "$(raw_statuses "GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n")"
}

@test "HTTP/1.0 closes, unless it asks to keep" {
  configure
  httpd_start
  assert_match '^HTTP/1.1 200' "$(raw 'GET / HTTP/1.0\r\n\r\n')"
  local answers
  answers=$(raw 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n' | tr -d '\r')
  assert_equal 2 "$(grep -c '^HTTP/1.1 200' <<<"$answers")"
  assert_match $'\nConnection: keep-alive\n' "$answers"
}

@test "timeouts.keepalive = false closes after each answer" {
  configure 'timeouts = { keepalive = false; };'
  httpd_start
  assert_match 'Connection: close' "$(raw "GET / HTTP/1.1\r\n${H}\r\n")"
}

@test "limits.keepalive_requests closes after as many" {
  configure 'limits = { keepalive_requests = 3; };'
  httpd_start
  local one="GET / HTTP/1.1\r\n${H}\r\n"
  assert_equal '200 200 200' "$(raw_statuses "$one$one$one$one")"
}

# ---- pipelining ----------------------------------------------------------------------------------

pipelined() { # requests for thirty files, the last one with close
  local i
  for i in {1..30}; do
    echo "file $i" >"$ROOT/$i.txt"
    printf 'GET /%s.txt HTTP/1.1\r\nHost: localhost\r\n' "$i" >>"$DIR/requests"
    [ "$i" != 30 ] || printf 'Connection: close\r\n' >>"$DIR/requests"
    printf '\r\n' >>"$DIR/requests"
  done
}

in_order() { # ANSWERS
  assert_equal "$(printf 'file %s\n' {1..30})" "$(grep -a '^file' <<<"$1")"
}

@test "30 requests in one segment are answered in order" {
  configure
  pipelined
  httpd_start
  in_order "$(raw <"$DIR/requests")"
}

@test "30 requests cut at random are answered in order" {
  configure
  pipelined
  httpd_start
  local seed
  for seed in 1 2 3 4 5; do
    in_order "$(peer pieces "$PORT" $seed <"$DIR/requests")"
  done
}

@test "30 requests byte by byte are answered in order" {
  configure
  pipelined
  httpd_start
  in_order "$(peer bytewise "$PORT" <"$DIR/requests")"
}

@test "a client that has shut down its side still gets its answers" {
  configure
  pipelined
  httpd_start
  sed -i 's/^Connection: close\r$/X: y\r/' "$DIR/requests"
  in_order "$(timeout 10 nc -N 127.0.0.1 "$PORT" <"$DIR/requests")"
}

# ---- other people's clients ----------------------------------------------------------------------

@test "ab: HTTP/1.0, kept alive" {
  configure
  httpd_start
  run ab -q -k -n 300 -c 10 "$(url /)"
  assert_match 'Complete requests: +300' "$output"
  assert_match 'Failed requests: +0' "$output"
  assert_match 'Keep-Alive requests: +300' "$output"
}

@test "h2load: HTTP/1.1, pipelined" {
  configure
  httpd_start
  run h2load --h1 -n 300 -c 5 -m 8 "$(url /)"
  assert_match '300 succeeded, 0 failed, 0 errored' "$output"
}

# ---- request content that nobody wants -----------------------------------------------------------

@test "content that the handler ignores leaves the connection in step" {
  configure
  httpd_start
  local next="GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\n"
  assert_equal '405 200' "$(raw_statuses "POST / HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nabcde$next")"
  assert_equal '405 200' \
    "$(raw_statuses "POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$next")"
  assert_equal '200 200' "$(raw_statuses "GET / HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nabcde$next")"
}

@test "Expect: 100-continue gets the final answer when nobody wants the content" {
  configure
  httpd_start
  local answer
  answer=$(raw "POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
  assert_match '^HTTP/1.1 405' "$answer"
  assert_match '^HTTP/1.1 417' "$(raw "GET / HTTP/1.1\r\n${H}Expect: wonders\r\n\r\n")"
}

# ---- what is refused -----------------------------------------------------------------------------

# Each line: what status, what is wrong, the bytes. The connection has to close after a 400.
@test "malformed requests are refused and the connection is closed" {
  configure
  httpd_start
  local what bytes status bad=0
  while IFS='|' read -r status what bytes; do
    [ "$(raw_statuses "${bytes}GET / HTTP/1.1\r\n${H}\r\n")" = "$status" ] || {
      echo "$what: wanted $status alone, got $(raw_statuses "$bytes")"
      bad=1
    }
  done <<'VECTORS'
400|no Host|GET / HTTP/1.1\r\n\r\n
400|two Hosts|GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n
400|malformed Host|GET / HTTP/1.1\r\nHost: a b\r\n\r\n
400|space before the colon|GET / HTTP/1.1\r\nHost : a\r\n\r\n
400|folded field|GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n
400|empty field name|GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n
400|control in a field|GET / HTTP/1.1\r\nHost: a\r\nX: a\0001b\r\n\r\n
400|NUL in a field|GET / HTTP/1.1\r\nHost: a\r\nX: a\0000b\r\n\r\n
400|bare CR in a field|GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n
400|bare LF ends a field|GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n
400|differing lengths|POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n
400|malformed length|POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n
400|length with coding|POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n
400|coding in 1.0|POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n
501|unknown coding|POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: rot13, chunked\r\n\r\n
400|%00 in the path|GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n
400|half an escape|GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n
400|no path|GET index.html HTTP/1.1\r\nHost: a\r\n\r\n
400|two spaces|GET  / HTTP/1.1\r\nHost: a\r\n\r\n
505|HTTP/2.0|GET / HTTP/2.0\r\nHost: a\r\n\r\n
400|not HTTP|GET / HTPT/1.1\r\nHost: a\r\n\r\n
VECTORS
  [ $bad = 0 ]
}

@test "methods: 405 with Allow, 501 for unknown ones" {
  configure
  httpd_start
  local method
  for method in POST PUT DELETE PATCH; do
    assert_status 405 / -X "$method"
  done
  assert_match 'GET' "$(field_of Allow / -X DELETE)"
  assert_match 'HEAD' "$(field_of Allow / -X DELETE)"
  assert_status 501 / -X BREW
  assert_match '^(405|501)$' "$(status_of / -X TRACE)"
  assert_match '^(400|405|501)$' "$(raw_statuses 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n')"
}

letters() { # NUMBER
  head -c "$1" /dev/zero | tr '\0' a
}

@test "limits: 414 for the target, 431 for fields by bytes and by number" {
  configure 'limits = { uri = 1000; header_size = "4k"; headers = 20; };'
  httpd_start
  assert_status 404 "/$(letters 900)"
  assert_status 414 "/$(letters 1100)"
  assert_status 200 / -H "X: $(letters 3000)"
  assert_status 431 / -H "X: $(letters 5000)"
  local many i
  for i in {1..30}; do
    many+="X-$i: y\r\n"
  done
  assert_equal 431 "$(raw_statuses "GET / HTTP/1.1\r\n$H$many\r\n")"
}

@test "limits.body: 413 by length at once" {
  configure 'limits = { body = "1k"; };'
  httpd_start
  assert_equal 413 "$(raw_statuses "POST / HTTP/1.1\r\n${H}Content-Length: 5000\r\n\r\n")"
}

@test "a refused upload can be read: no reset eats the answer" {
  configure 'limits = { body = "1k"; };'
  httpd_start
  head -c 300000 /dev/zero >"$DIR/upload"
  assert_status 413 / --data-binary "@$DIR/upload" -H 'Expect:'
}

# ---- errors in the client's language -------------------------------------------------------------

@test "an error is HTML, JSON or text as the client accepts" {
  configure
  httpd_start
  assert_match '^text/html' "$(field_of Content-Type /missing -H 'Accept: text/html')"
  assert_match '^application/problem\+json' "$(field_of Content-Type /missing -H 'Accept: application/json')"
  assert_match '^text/plain' "$(field_of Content-Type /missing -H 'Accept: text/plain')"
  assert_equal 404 "$(fetch /missing -H 'Accept: application/json' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])')"
}

@test "an error page does not repeat what the client sent as markup" {
  configure
  httpd_start
  refute_match '<script' "$(fetch '/<script>alert(1)</script>')"
}

# ---- time-outs -----------------------------------------------------------------------------------

@test "half a request is answered with 408 after timeouts.header" {
  configure 'timeouts = { header = "1s"; };'
  httpd_start
  assert_equal 408 "$(raw_statuses 'GET / HTTP/1.1\r\nHost:')"
}

@test "a client of one byte a second gets 408 as well" {
  configure 'timeouts = { header = "1s"; };'
  httpd_start
  assert_match '^HTTP/1.1 408 ' "$(peer trickle "$PORT")"
}

@test "an idle connection is closed in silence after timeouts.idle" {
  configure 'timeouts = { idle = "1s"; adaptive = false; };'
  httpd_start
  assert_equal 200 "$(raw_statuses "GET / HTTP/1.1\r\n${H}\r\n")"
}

# ---- virtual hosts -------------------------------------------------------------------------------

sites() {
  local name
  for name in first exact wild deep; do
    mkdir -p "$DIR/$name"
    echo "$name" >"$DIR/$name/index.html"
  done
  configure "sites = (
    { root = \"$DIR/first\"; names = [ \"first.example.org\" ]; },
    { root = \"$DIR/exact\"; names = [ \"www.example.org\" ]; },
    { root = \"$DIR/wild\"; names = [ \"*.example.org\" ]; },
    { root = \"$DIR/deep\"; names = [ \"*.deep.example.org\" ]; } );"
}

site_of() { # HOST
  fetch / -H "Host: $1"
}

@test "a site is found by exact name, longest suffix, or is the first" {
  sites
  httpd_start
  assert_equal exact "$(site_of www.example.org)"
  assert_equal wild "$(site_of other.example.org)"
  assert_equal wild "$(site_of a.b.example.org)"
  assert_equal deep "$(site_of a.deep.example.org)"
  assert_equal first "$(site_of example.net)"
  assert_equal first "$(site_of example.org)"
}

@test "case, port and a trailing dot make no other host" {
  sites
  httpd_start
  assert_equal exact "$(site_of WWW.Example.ORG)"
  assert_equal exact "$(site_of www.example.org:8080)"
  assert_equal exact "$(site_of www.example.org.)"
  assert_equal first "$(site_of '[::1]:8080')"
}

@test "the host of an absolute target wins" {
  sites
  httpd_start
  assert_match 'exact$' "$(raw "GET http://www.example.org/ HTTP/1.1\r\nHost: other.example.org\r\nConnection: close\r\n\r\n")"
}

# ---- the access log ------------------------------------------------------------------------------

logged() { # REGEX
  wait_until 5 grep -qaE "$1" "$ACCESS" || fail "wanted: $1"$'\n'"got: $(cat "$ACCESS")"
}

configure_log() { # FORMAT
  configure "log = { access = \"$ACCESS\"; error = \"$ERRORS\"; format = \"$1\"; };"
}

@test "access log: common" {
  configure_log common
  httpd_start
  fetch '/index.html?q' >/dev/null
  logged '^127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\] "GET /index\.html\?q HTTP/1\.1" 200 6$'
}

@test "access log: combined, with what a client sends escaped" {
  configure_log combined
  httpd_start
  fetch / -A 'a"b\c' -e 'http://example.org/' >/dev/null
  logged '"GET / HTTP/1\.1" 200 6 "http://example\.org/" "a\\x22b\\x5cc"$'
}

@test "access log: json, one object a line" {
  configure_log json
  httpd_start
  fetch / -A 'a"b\c' >/dev/null
  wait_until 5 grep -q '"GET"' "$ACCESS"
  assert_equal 'a"b\c' "$(tail -n 1 "$ACCESS" | python3 -c 'import json, sys; o = json.load(sys.stdin); print([v for v in o.values() if v == "a\"b\\c"][0])')"
}

@test "access log: a template" {
  # shellcheck disable=SC2016  # variables of the server, not of the shell
  configure_log '${method} ${path} ${status} ${bytes}'
  httpd_start
  fetch '/index.html' >/dev/null
  logged '^GET /index\.html 200 6$'
}

all_logged() { [ "$(grep -c '?n=' "$ACCESS")" = 400 ]; }

@test "access log: every line is whole though four workers write" {
  configure 'workers = 4;' "log = { access = \"$ACCESS\"; error = \"$ERRORS\"; format = \"common\"; };"
  httpd_start
  curl -sS --parallel --parallel-max 16 -o /dev/null "$(url '/?n=[1-400]')"
  wait_until 5 all_logged || fail "lines: $(grep -c '?n=' "$ACCESS")"
  assert_equal '' "$(grep -a '?n=' "$ACCESS" | grep -avE '^127\.0\.0\.1 .* "GET /\?n=[0-9]+ HTTP/1\.1" 200 6$')"
}

@test "access log: a request that was refused is there too" {
  configure
  httpd_start
  raw_statuses 'GET /refused HTTP/1.1\r\n\r\n'
  logged ' 400 '
}

#!/usr/bin/env bats
#
# The counters of /metrics: exact to the client's own count, over all workers and whatever becomes of them.
#
# Requests are counted for a site of their own; /metrics is asked at another, so that looking changes nothing.

load lib
setup() {
  httpd_setup
  SERVER_ENV+=("STATE_DIRECTORY=$DIR/state")
}
teardown() { httpd_teardown; }

MONITOR='{ names = [ "monitor.test" ]; routes = ( { path = "/metrics"; handler = "metrics"; } ); }'

site() { # NAME [SETTINGS]
  echo "{ names = [ \"$1\" ]; root = \"$ROOT\"; ${2-} }"
}

configure() { # SITES [TOP-SETTINGS]; the first answers what comes without a name
  printf '%s\n' 'workers = 4;' "${2-}" "sites = ( $1, $MONITOR );" | httpd_config
}

metrics() { # [CURL-OPTION...]
  fetch /metrics -H 'Host: monitor.test' -H 'Accept: application/openmetrics-text' "$@"
}

total() { # NAME [LABEL=VALUE...]
  metrics | python3 "$TOP/tests/e2e/openmetrics.py" total "$@"
}

total_is() { # NUMBER NAME [LABEL=VALUE...]
  [ "$(total "${@:2}")" = "$1" ]
}

# A worker counts a request just after its last byte has left.
assert_total() { # NUMBER NAME [LABEL=VALUE...]
  wait_until 5 total_is "$@" || fail "wanted: $*, got: $(total "${@:2}")"
}

flood() { # NUMBER HOST [H2LOAD-OPTION...]; fails unless all are answered with 2xx
  run h2load -n "$1" -c 8 -t 1 "${@:3}" "http://$2:$PORT/"
  assert_match "$1 succeeded, 0 failed, 0 errored" "$output"
  assert_match "$1 2xx" "$output"
}

# h2load asks for the name in its URL: it has to be one that leads here.
h1_load() { flood "$1" 127.0.0.1 --h1; }
h2_load() { flood "$1" 127.0.0.1 -m 16; }

# ---- formats -------------------------------------------------------------------------------------

@test "promtool has nothing to say against it" {
  command -v promtool >/dev/null || skip "promtool is not installed (./bootstrap check installs it)"
  configure "$(site a.test)"
  httpd_start
  run bash -c "curl -s -H 'Host: monitor.test' '$(url /metrics)' | promtool check metrics"
  assert_equal 0 "$status"
  assert_equal '' "$output"
}

@test "the format is the one that the client asks for, over HTTP/1.1 and HTTP/2" {
  configure "$(site a.test)"
  httpd_start
  local how
  for how in --http1.1 --http2-prior-knowledge; do
    run metrics -o /dev/null -w '%{http_code} %{content_type}' $how
    assert_equal '200 application/openmetrics-text; version=1.0.0; charset=utf-8' "$output"
    metrics $how | python3 "$TOP/tests/e2e/openmetrics.py"
    run fetch /metrics -H 'Host: monitor.test' -o /dev/null -w '%{http_code} %{content_type}' $how
    assert_equal '200 text/plain; version=0.0.4; charset=utf-8' "$output"
  done
  assert_equal no-store "$(field_of Cache-Control /metrics -H 'Host: monitor.test')"
  assert_status 405 /metrics -H 'Host: monitor.test' -X POST
  run fetch /metrics -H 'Host: monitor.test' -I
  assert_match '200 OK' "$output"
}

# ---- counts --------------------------------------------------------------------------------------

@test "requests are exact by site, protocol and status, over four workers" {
  configure "$(site a.test), $(site b.test)"
  httpd_start
  local before
  before=$(total httpd_requests_total site=a.test)
  h1_load 3000
  h2_load 5000
  assert_total $((before + 8000)) httpd_requests_total site=a.test
  assert_total 5000 httpd_requests_total protocol=HTTP/2
  assert_total 0 httpd_requests_total site=b.test
  local i
  for i in 1 2 3; do
    assert_status 404 /none -H 'Host: b.test'
    assert_status 200 / -H 'Host: b.test' --http1.0
  done
  assert_equal 400 "$(raw_statuses 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n')"
  assert_total 3 httpd_requests_total site=b.test code=4xx protocol=HTTP/1.1
  assert_total 3 httpd_requests_total site=b.test code=2xx protocol=HTTP/1.0
  assert_total 1 httpd_requests_total site=a.test code=4xx
  assert_total 6 httpd_request_duration_seconds_count site=b.test
}

# Asks for the counters and says what they were, without this answer, and what the answer took.
look_at_sent() { # FILE
  local took
  took=$(metrics -o "$1" -w '%{size_header} %{size_download}')
  echo "$(python3 "$TOP/tests/e2e/openmetrics.py" total httpd_sent_bytes_total <"$1") $((${took/ / + }))"
}

# As a whole again if the worker that answered had not counted yet when the next was asked.
bytes_add_up() {
  local before took after got
  read -r before took < <(look_at_sent "$DIR/before")
  got=$(fetch /data -o "$DIR/data" -w '%{size_header} %{size_download}')
  read -r after _ < <(look_at_sent "$DIR/after")
  [ $((after - before)) = $((took + ${got/ / + })) ]
}

@test "bytes are those that the client counts" {
  head -c 300000 /dev/urandom >"$ROOT/data"
  chmod 777 "$ROOT"
  configure "$(site a.test 'routes = ( { path = "/*"; files = { write = true; write_open = true; }; } );')"
  httpd_start
  wait_until 10 bytes_add_up
  local content
  content=$(total httpd_response_content_bytes_total site=a.test)
  fetch /data -o "$DIR/data"
  cmp "$DIR/data" "$ROOT/data"
  assert_total $((content + 300000)) httpd_response_content_bytes_total site=a.test
  head -c 5000 /dev/urandom >"$DIR/upload"
  assert_status 201 /new -T "$DIR/upload"
  assert_total 5000 httpd_request_content_bytes_total site=a.test
}

@test "numbers stay with their site when a reload brings the sites in another order" {
  configure "$(site a.test), $(site b.test)"
  httpd_start
  h1_load 500
  fetch / -H 'Host: b.test' >/dev/null
  local a
  assert_total 1 httpd_requests_total site=b.test
  a=$(total httpd_requests_total site=a.test)
  configure "$(site c.test), $(site b.test), $(site a.test)"
  httpd_reload
  assert_total "$a" httpd_requests_total site=a.test
  assert_total 1 httpd_requests_total site=b.test
  fetch / -H 'Host: a.test' >/dev/null
  fetch / -H 'Host: c.test' >/dev/null
  assert_total $((a + 1)) httpd_requests_total site=a.test
  assert_total 1 httpd_requests_total site=c.test
  assert_total 1 httpd_reloads_total result=ok
  assert_total 2 httpd_config_generation
}

@test "a refused reload is counted and told" {
  configure "$(site a.test)"
  httpd_start
  configure '{ root = "/nowhere"; }'
  run httpd_reload
  assert_equal 1 "$status"
  assert_total 1 httpd_reloads_total result=failed
  assert_total 0 httpd_config_last_reload_successful
  configure "$(site a.test)"
  httpd_reload
  assert_total 1 httpd_config_last_reload_successful
}

@test "a worker that is killed takes no count along" {
  configure "$(site a.test)"
  httpd_start
  EXPECT_DEATHS=2
  h1_load 2000
  local before pid
  wait_until 5 total_is 0 httpd_connections state=idle || true
  before=$(total httpd_requests_total site=a.test)
  for pid in $(worker_pids | head -n 2); do
    kill -KILL "$pid"
    wait_until 10 gone "$pid"
  done
  wait_until 10 total_is 2 httpd_worker_restarts_total
  assert_total "$before" httpd_requests_total site=a.test
  wait_until 10 total_is 4 httpd_workers state=ready
  h2_load 2000
  assert_total $((before + 2000)) httpd_requests_total site=a.test
}

own_binary() {
  cp "$HTTPD" "$DIR/httpd"
  HTTPD=$DIR/httpd
}

upgrade() {
  httpd --config "$CONF" --signal upgrade
  MASTER=$(cat "$DIR/httpd.pid")
}

@test "an upgrade goes on counting" {
  own_binary
  configure "$(site a.test)"
  httpd_start
  h1_load 1000
  local before started old=$MASTER
  before=$(total httpd_requests_total site=a.test)
  started=$(total httpd_start_time_seconds)
  upgrade
  wait_until 10 gone "$old"
  assert_total "$before" httpd_requests_total site=a.test
  assert_total "$started" httpd_start_time_seconds
  assert_total 1 httpd_upgrades_total result=ok
  h2_load 1000
  assert_total $((before + 1000)) httpd_requests_total site=a.test
}

# Counts what comes back until told to stop.
client() { # FILE
  local n=0
  while [ ! -e "$DIR/stop" ]; do
    [ "$(curl -s -o /dev/null --max-time 10 -w '%{http_code}' "$(url /)")" = 200 ] || {
      echo failed >"$1"
      return
    }
    n=$((n + 1))
  done
  echo $n >"$1"
}

@test "reload and upgrade under load lose no count, and none goes back" {
  own_binary
  configure "$(site a.test)"
  httpd_start
  local before last now old=$MASTER i clients=()
  before=$(total httpd_requests_total site=a.test)
  last=$before
  for i in 1 2 3; do
    client "$DIR/client$i" 3>&- &
    clients+=($!)
  done
  for i in 1 2 3; do
    httpd_reload
    now=$(total httpd_requests_total site=a.test)
    [ "$now" -ge "$last" ] || fail "$now after $last"
    last=$now
  done
  upgrade
  now=$(total httpd_requests_total site=a.test)
  [ "$now" -ge "$last" ] || fail "$now after $last"
  touch "$DIR/stop"
  wait "${clients[@]}"
  refute_match failed "$(cat "$DIR"/client?)"
  wait_until 10 gone "$old"
  local sum=0
  for i in 1 2 3; do
    sum=$((sum + $(<"$DIR/client$i")))
  done
  assert_total $((before + sum)) httpd_requests_total site=a.test
}

@test "sites beyond the table's room are counted together" {
  local sites='' i
  for i in $(seq 140); do
    sites+="{ names = [ \"s$i.test\" ]; routes = ( { path = \"/m\"; handler = \"metrics\"; } ); }, "
  done
  configure "${sites%, }"
  httpd_start
  assert_match 'more than 127 sites' "$(<"$DIR/stderr")"
  fetch / -H 'Host: s5.test' >/dev/null
  fetch / -H 'Host: s139.test' >/dev/null
  fetch / -H 'Host: s140.test' >/dev/null
  assert_total 1 httpd_requests_total site=s5.test
  local other
  other=$(total httpd_requests_total site=other)
  # Two of ours, and those who looked: the site of /metrics has come too late as well.
  [ "$other" -ge 2 ] || fail "other: $other"
}

# ---- connections and TLS -------------------------------------------------------------------------

@test "connections are told by what they do" {
  configure "$(site a.test)"
  httpd_start
  local silent idle
  wait_until 5 total_is 0 httpd_connections state=idle
  exec {idle}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n' >&"$idle"
  assert_total 1 httpd_connections state=idle
  exec {silent}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\n' >&"$silent"
  # One is asking.
  assert_total 2 httpd_connections state=active
  assert_total 1 httpd_requests_in_flight
  exec {idle}>&- {silent}>&-
  assert_total 0 httpd_connections state=idle
  assert_total 1 httpd_connections state=active
}

@test "TLS handshakes are counted: full, resumed, failed" {
  claim_port TLS_PORT
  configure "$(site a.test)" "listen = ( { address = \"127.0.0.1\"; port = $PORT; },
    { address = \"127.0.0.1\"; port = $TLS_PORT; tls = \"self\"; } );"
  httpd_start
  local i
  for i in 1 2 3; do
    curl -sk -o /dev/null "https://127.0.0.1:$TLS_PORT/"
  done
  assert_total 3 httpd_tls_handshakes_total version=TLSv1.3 resumed=false
  curl -sk -o /dev/null --tls-max 1.2 "https://127.0.0.1:$TLS_PORT/"
  assert_total 1 httpd_tls_handshakes_total version=TLSv1.2 resumed=false
  s_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 10 openssl s_client -connect "127.0.0.1:$TLS_PORT" -ign_eof "$@" \
      >"$DIR/s_client" 2>&1 || true
  }
  s_client -sess_out "$DIR/session"
  s_client -sess_in "$DIR/session"
  assert_total 1 httpd_tls_handshakes_total resumed=true
  curl -s -o /dev/null "http://127.0.0.1:$TLS_PORT/" || true
  assert_total 1 httpd_tls_handshake_failures_total reason=plain_http
  curl -sk -o /dev/null --tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "https://127.0.0.1:$TLS_PORT/" || true
  assert_total 1 httpd_tls_handshake_failures_total reason=error
  assert_total 0 httpd_connections state=handshake
  local ends
  ends=$(total httpd_certificate_not_after_timestamp_seconds)
  [ "$ends" -gt "$(date +%s)" ] || fail "the certificate ends at $ends"
}

# ---- those who read them -------------------------------------------------------------------------

# Of metrics in formulas: httpd_ and what follows, but not the names of labels or jobs.
names_in() { # FILE
  python3 - "$1" <<'EOF'
import json, re, sys

def expressions(node):
    if isinstance(node, dict):
        yield from (v for k, v in node.items() if k in ("expr", "query") and isinstance(v, str))
        node = node.values()
    if not isinstance(node, str):
        for child in node if hasattr(node, "__iter__") else ():
            yield from expressions(child)

found = {name for text in expressions(json.load(open(sys.argv[1]))) for name in re.findall(r"\bhttpd_\w+", text)}
print("\n".join(sorted(found)))
EOF
}

@test "the dashboard asks for nothing that is not told" {
  claim_port TLS_PORT
  configure "$(site a.test)" "listen = ( { address = \"127.0.0.1\"; port = $PORT; },
    { address = \"127.0.0.1\"; port = $TLS_PORT; tls = \"self\"; } );"
  httpd_start
  h1_load 10
  assert_total 1 httpd_config_generation
  local asked told
  asked=$(names_in "$TOP/etc/grafana.json")
  told=$(metrics | python3 "$TOP/tests/e2e/openmetrics.py" names)
  [ "$(wc -l <<<"$asked")" -gt 20 ] || fail "$asked"
  assert_equal '' "$(comm -23 <(sort <<<"$asked") <(sort <<<"$told"))"
}

@test "the configuration for Prometheus is sound" {
  command -v promtool >/dev/null || skip "promtool is not installed (./bootstrap check installs it)"
  run promtool check config "$TOP/etc/prometheus.yml"
  assert_equal 0 "$status"
}

# ---- /status and --status ------------------------------------------------------------------------

STATUS='routes = ( { path = "/status"; handler = "status"; }, { path = "/*"; files = { }; } );'

field() { # EXPRESSION; of the object `s`
  fetch '/status?format=json' "${@:2}" | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"
}

@test "the JSON of /status has the same numbers, over HTTP/1.1 and HTTP/2" {
  configure "$(site a.test "$STATUS"), $(site b.test)"
  httpd_start
  h1_load 100
  fetch / -H 'Host: b.test' >/dev/null
  local how
  for how in --http1.1 --http2-prior-knowledge; do
    assert_equal 1 "$(field '[x for x in s["sites"] if x["name"] == "b.test"][0]["requests"]' $how)"
    assert_equal 4 "$(field 'len([w for w in s["workers"] if w["state"] == "ready"])' $how)"
  done
  assert_equal True "$(field 's["all"]["requests"] == sum(x["requests"] for x in s["sites"])')"
  assert_equal "$(worker_pids | sort)" "$(field '"\n".join(str(w["pid"]) for w in s["workers"])' | sort)"
  assert_match 'ready: 4 workers' "$(field 's["events"]')"
  assert_match 'text/html' "$(field_of Content-Type /status)"
  assert_equal application/json "$(field_of Content-Type /status -H 'Accept: application/json')"
}

@test "errors of the log come to the page, and what strangers wrote stays text" {
  chmod 777 "$ROOT"
  configure "$(site a.test 'routes = ( { path = "/status"; handler = "status"; },
    { path = "/*"; files = { write = true; write_open = true; }; } );')"
  httpd_start
  EXPECT_DEATHS=4
  # A request in hand when its worker dies is told in the log, by its path.
  local hung
  exec {hung}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'PUT /%%3Cscript%%3Ealert(1) HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n' >&"$hung"
  assert_total 2 httpd_requests_in_flight
  mapfile -t workers < <(worker_pids)
  kill -KILL "${workers[@]}"
  wait_until 20 total_is 4 httpd_worker_restarts_total
  assert_match 'in hand: PUT /<script>alert' "$(field 's["events"]')"
  refute_match '<script>' "$(fetch /status)"
  assert_match '&lt;script&gt;alert' "$(fetch /status)"
  exec {hung}>&-
}

@test "--status tells the same" {
  configure "$(site a.test), $(site b.test)"
  httpd_start
  h1_load 100
  fetch /none -H 'Host: b.test' >/dev/null
  assert_total 1 httpd_requests_total site=b.test
  run httpd --config "$CONF" --status
  assert_equal 0 "$status"
  assert_match $'\nsite: b.test, requests 1, 2xx 0, 3xx 0, 4xx 1, 5xx 0, ' "$output"
  assert_match $'\nlatency: p50 ' "$output"
  assert_match $'\nreloads: 0, refused 0\n' "$output"
  assert_match 'notice master: ready: 4 workers' "$output"
}

@test "--test warns of counters that everybody can read" {
  httpd_config <<<"listen = ( { port = $PORT; } );
sites = ( { routes = ( { path = \"/m\"; handler = \"metrics\"; }, { path = \"/s\"; handler = \"status\"; },
  { path = \"/n\"; handler = \"metrics\"; allow = [ \"127.0.0.0/8\" ]; } ); } );"
  run httpd --config "$CONF" --test
  assert_equal 0 "$status"
  assert_match ':2: warning: everybody can read the counters here' "$output"
  assert_match ':2: warning: everybody can read the status here' "$output"
  refute_match ':3: ' "$output"
}

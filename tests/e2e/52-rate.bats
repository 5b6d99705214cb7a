#!/usr/bin/env bats
#
# rate_limit: tokens that all workers share, and machines too where a Redis server keeps them.

load lib

setup() {
  httpd_setup
  REDIS=''
  mkdir "$ROOT/a" "$ROOT/b"
  echo a >"$ROOT/a/x"
  echo b >"$ROOT/b/x"
}

teardown() {
  redis_stop
  httpd_teardown
}

# Nothing comes back within a test at "1/h".
site() { # SETTINGS-OF-THE-SITE ROUTES
  httpd_config <<END
workers = 4;
sites = ( { names = [ "127.0.0.1" ]; root = "$ROOT"; $1 routes = ( $2 { path = "/*"; files = { }; } ); } );
END
}

limited() { # RATE BURST [MORE]
  echo "{ path = \"/a/*\"; files = { }; rate_limit = { rate = $1; burst = $2; ${3-} }; },"
}

# h2load prints "status codes: 500 2xx, 0 3xx, 1500 4xx, 0 5xx"; the first and the third.
flood() { # REQUESTS PATH [OPTION...]
  local requests=$1 path=$2
  shift 2
  h2load -n "$requests" -c 8 -t 1 "$@" "$(url "$path")" >"$DIR/flood" 2>&1
  sed -n 's/^status codes: \([0-9]*\) 2xx, [0-9]* 3xx, \([0-9]*\) 4xx.*/\1 \2/p' "$DIR/flood"
}

statuses() { # TIMES PATH [CURL-OPTION...]
  local times=$1
  shift
  while [ $((times--)) -gt 0 ]; do
    status_of "$@"
    echo
  done | sort | uniq -c | awk '{ print $2 ":" $1 }' | paste -sd' '
}

redis_start() { # [OPTION...]
  command -v redis-server >/dev/null || skip "needs redis-server"
  "$HTTPD" --version | grep -q hiredis || skip "built without hiredis"
  [ -n "${REDIS_PORT-}" ] || claim_port REDIS_PORT
  redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$DIR" \
    --unixsocket "$DIR/redis.sock" --unixsocketperm 777 "$@" >>"$DIR/redis.log" 2>&1 3>&- &
  REDIS=$!
  wait_until 10 port_in_use "$REDIS_PORT"
}

redis_stop() {
  [ -n "$REDIS" ] || return 0
  kill -KILL "$REDIS"
  wait "$REDIS" 2>/dev/null || true
  REDIS=''
}

redis_says() { # COMMAND...
  redis-cli -p "$REDIS_PORT" --no-auth-warning "$@"
}

store() { # [TIMEOUT]
  echo "store = \"redis://127.0.0.1:$REDIS_PORT\"; store_timeout = \"${1:-5s}\";"
}

redis_is_asked_by() { # NUMBER of workers
  [ "$(redis_says client list | grep -c 'cmd=ping\|cmd=eval')" = "$1" ]
}

@test "the example: ten a second, twenty at once" {
  site '' '{ path = "/a/*"; rate_limit = { rate = 10.0; burst = 20; }; files = { }; },'
  httpd_start
  run head_of /a/x
  assert_match '200 OK' "${lines[0]}"
  assert_match 'X-RateLimit-Limit: 20' "$output"
  assert_match 'X-RateLimit-Remaining: 19' "$output"
  assert_match 'RateLimit-Policy: "default";q=20;w=2' "$output"
  assert_match 'RateLimit: "default";r=19;t=1' "$output"
  refute_match 'Retry-After' "$output"
  run head_of /b/x
  refute_match 'RateLimit' "$output"
}

@test "an empty bucket is 429 with the time to wait, and fills again" {
  site '' "$(limited '"60/m"' 3)"
  httpd_start
  assert_match '^200:3 429:[23]$|^200:4 429:[12]$' "$(statuses 6 /a/x | tr -d '\n')"
  run head_of /a/x
  # On a slow machine a token may have come back.
  if [[ ${lines[0]} == *429* ]]; then
    assert_match 'Retry-After: 1' "$output"
    assert_match 'X-RateLimit-Remaining: 0' "$output"
    assert_match 'RateLimit: "default";r=0;t=1' "$output"
  fi
  wait_until 5 assert_status 200 /a/x
  assert_log 'rate_limit of 127.0.0.1 /a/\*: 127.0.0.1 asks too often'
  assert_equal 1 "$(grep -c 'asks too often' "$ERRORS")"
}

@test "exact over four workers and eight connections, HTTP/1" {
  site '' "$(limited '"1/h"' 500)"
  httpd_start
  assert_equal '500 1500' "$(flood 2000 /a/x --h1)"
  assert_equal '0 100' "$(flood 100 /a/x --h1)"
  assert_equal '100 0' "$(flood 100 /b/x --h1)"
}

@test "exact over four workers and eight connections of ten streams, HTTP/2" {
  site '' "$(limited '"1/h"' 500)"
  httpd_start
  assert_equal '500 1500' "$(flood 2000 /a/x -m 10)"
  run head_of /a/x --http2-prior-knowledge
  assert_match '^HTTP/2 429' "${lines[0]}"
  assert_match 'x-ratelimit-limit: 500' "$output"
  assert_match 'ratelimit: "default";r=0;t=3' "$output"
  assert_match 'retry-after: 3' "$output"
}

@test "a reload changes nothing in the buckets" {
  site '' "$(limited '"1/h"' 50)"
  httpd_start
  assert_equal '20 0' "$(flood 20 /a/x --h1)"
  httpd_reload
  assert_equal '30 70' "$(flood 100 /a/x --h1)"
}

@test "a killed worker changes nothing in the buckets" {
  site '' "$(limited '"1/h"' 300)"
  httpd_start
  assert_equal '100 0' "$(flood 100 /a/x --h1)"
  EXPECT_DEATHS=2
  local victims
  mapfile -t victims < <(worker_pids | head -n 2)
  kill -KILL "${victims[@]}"
  wait_until 10 workers_are 4
  assert_equal '200 300' "$(flood 500 /a/x --h1)"
}

@test "an upgrade of the program changes nothing in the buckets" {
  site '' "$(limited '"1/h"' 50)"
  httpd_start
  assert_equal '20 0' "$(flood 20 /a/x --h1)"
  run httpd --config "$CONF" --signal upgrade
  assert_equal 0 "$status"
  old_is_gone() { [ "$(httpd_master)" != "$MASTER" ] && gone "$MASTER"; }
  wait_until 10 old_is_gone
  MASTER=$(httpd_master)
  wait_until 10 workers_are 4
  assert_equal '30 70' "$(flood 100 /a/x --h1)"
}

@test "a site's limit is one for its routes, a route's is its own" {
  site 'rate_limit = { rate = "1/h"; burst = 30; };' \
    '{ path = "/a/*"; files = { }; }, { path = "/b/*"; files = { }; rate_limit = { burst = 5; }; },'
  httpd_start
  local left # the probe has taken some
  left=$(field_of X-RateLimit-Remaining /a/x)
  assert_equal $((left - 1)) "$(field_of X-RateLimit-Remaining /none)"
  assert_equal 4 "$(field_of X-RateLimit-Remaining /b/x)"
  assert_equal $((left - 2)) "$(field_of X-RateLimit-Remaining /a/x)"
}

@test "a route may be without its site's limit" {
  site 'rate_limit = { rate = "1/h"; burst = 30; };' '{ path = "/a/*"; files = { }; rate_limit = 0; },'
  httpd_start
  assert_equal '100 0' "$(flood 100 /a/x --h1)"
  assert_match '^[0-9]+$' "$(field_of X-RateLimit-Remaining /b/x)"
}

@test "by a field's value; without the field by address" {
  site '' "$(limited '"1/h"' 2 'key = "header:X-Api-Key";')"
  httpd_start
  assert_equal '200:2 429:1' "$(statuses 3 /a/x -H 'X-Api-Key: one')"
  assert_equal '200:2 429:1' "$(statuses 3 /a/x -H 'X-Api-Key: two')"
  assert_equal '200:2 429:2' "$(statuses 4 /a/x)"
}

@test "by user, when it is known who it is" {
  httpd --hash-password ann <<<secret >"$DIR/users"
  httpd --hash-password bob <<<secret >>"$DIR/users"
  chmod 644 "$DIR/users"
  site '' "{ path = \"/a/*\"; files = { }; auth = { users = \"$DIR/users\"; }; rate_limit = { rate = \"1/h\"; burst = 2; key = \"user\"; }; },"
  httpd_start
  assert_equal '200:2 429:1' "$(statuses 3 /a/x -u ann:secret)"
  assert_equal '200:2 429:1' "$(statuses 3 /a/x -u bob:secret)"
  # Who is not known does not come as far.
  assert_equal '401:3' "$(statuses 3 /a/x)"
  assert_equal '429:1' "$(statuses 1 /a/x -u ann:secret --http2-prior-knowledge)"
}

@test "dry_run refuses nobody and says whom it would" {
  site '' "$(limited '"1/h"' 2 'dry_run = true;')"
  httpd_start
  assert_equal '200:5' "$(statuses 5 /a/x)"
  assert_log 'asks too often \(dry_run'
  assert_equal '' "$(field_of X-RateLimit-Limit /a/x)"
}

@test "mistakes are told with their places" {
  httpd_config <<'END'
sites = ( { root = "/"; rate_limit = { rate = "often"; }; }, { names = "a"; root = "/"; rate_limit = { rate = "1/d"; burst = 100; key = "cookie"; }; },
  { names = "b"; root = "/"; rate_limit = { rate = 1; store = "rediss://example.org"; status = 200; }; } );
END
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match 'httpd.conf:1: .*rate_limit.rate: "often" is not a rate \(expected "10/s"' "$output"
  assert_match "httpd.conf:1: .*'cookie' is not one of \"address\", \"user\", \"header:NAME\"" "$output"
  assert_match 'a burst of 100 at this rate comes back in more than 25 days' "$output"
  assert_match '200 is out of range \(400 to 599\)' "$output"
}

@test "Redis counts for two servers, exactly" {
  redis_start
  site '' "$(limited '"1/h"' 500 "$(store)")"
  httpd_start
  wait_until 10 redis_is_asked_by 4
  assert_equal '500 500' "$(flood 1000 /a/x --h1)"
  # Another machine: nothing but the store is shared.
  httpd_stop
  httpd_start
  wait_until 10 redis_is_asked_by 4
  assert_equal '0 200' "$(flood 200 /a/x -m 10)"
  assert_equal 1 "$(redis_says --scan --pattern 'httpd:rate:*' | wc -l)"
  redis_says flushall
  redis_says script flush
  assert_equal '500 500' "$(flood 1000 /a/x -m 10)"
}

@test "Redis by a unix socket, with a password and another database" {
  redis_start --requirepass 's:cret@/%'
  site '' "$(limited '"1/h"' 10 'store = "redis://:s%3Acret%40%2F%25@127.0.0.1:'"$REDIS_PORT"'/3"; store_timeout = "5s";')"
  httpd_start
  assert_equal '10 10' "$(flood 20 /a/x --h1)"
  assert_match 'keys=1' "$(redis_says -a 's:cret@/%' info keyspace | grep db3)"
  redis_says -a 's:cret@/%' config set requirepass '' >/dev/null
  site '' "$(limited '"1/h"' 7 "store = \"unix:$DIR/redis.sock\"; store_timeout = \"5s\";")"
  httpd_reload
  assert_equal '7 13' "$(flood 20 /a/x --h1)"
  refute_match 'cannot use' "$(cat "$ERRORS")"
}

@test "without Redis each machine counts for itself, until it is back" {
  redis_start
  site '' "$(limited '"1/h"' 400 "$(store)")"
  httpd_start
  wait_until 10 redis_is_asked_by 4
  assert_equal '100 0' "$(flood 100 /a/x --h1)"
  redis_stop
  assert_equal '400 600' "$(flood 1000 /a/x --h1)"
  assert_log 'cannot use redis://127.0.0.1:.*; this machine counts for itself meanwhile'
  redis_start
  all_back() { [ "$(grep -c 'answers again' "$ERRORS")" = 4 ]; }
  wait_until 20 all_back
  assert_equal '400 100' "$(flood 500 /a/x --h1)"
  assert_equal 4 "$(grep -c 'cannot use' "$ERRORS")"
}

@test "Redis killed under load: no request is lost" {
  redis_start
  site '' "$(limited 100000 100000 "$(store)")"
  httpd_start
  wait_until 10 redis_is_asked_by 4
  h2load -n 20000 -c 8 -t 1 -m 10 "$(url /a/x)" >"$DIR/load" 2>&1 3>&- &
  local load=$!
  counts() { [ "$(redis_says info commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\).*/\1/p')" -gt 1000 ]; }
  wait_until 10 counts
  redis_stop
  wait $load
  assert_match '20000 succeeded, 0 failed, 0 errored, 0 timeout' "$(<"$DIR/load")"
  assert_match 'status codes: 20000 2xx' "$(<"$DIR/load")"
}

@test "a Redis that hangs is given up after the time-out" {
  redis_start
  site '' "$(limited '"1/h"' 400 "$(store 300ms)")"
  httpd_start
  wait_until 10 redis_is_asked_by 4
  kill -STOP "$REDIS"
  assert_equal '100 0' "$(flood 100 /a/x --h1)"
  assert_log 'cannot use redis://127.0.0.1:.*: no answer in time'
  kill -CONT "$REDIS"
  assert_log 'answers again'
}

@test "a Redis that was never there costs nothing but a line in the log" {
  redis_start
  redis_stop
  site '' "$(limited '"1/h"' 40 "$(store)")"
  httpd_start
  assert_equal '40 60' "$(flood 100 /a/x --h1)"
  assert_log 'cannot use redis://127.0.0.1:.*: Connection refused'
}

#!/usr/bin/env bats
#
# Reloads, deaths and upgrades while visitors come: what may be lost, and what may not.
#
# TEST_LOAD_ROUNDS (default 100) is how often each happens.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

ROUNDS=${TEST_LOAD_ROUNDS:-100}

# Two kinds of visitors at once, until they are told to stop: kept-alive and one connection a request.
visitors() {
  command -v wrk >/dev/null || skip "wrk is not installed"
  wrk -t1 -c16 -d600s --timeout 10s "$(url /)" >"$DIR/kept" 2>&1 3>&- &
  KEPT=$!
  wrk -t1 -c8 -d600s --timeout 10s -H 'Connection: close' "$(url /)" >"$DIR/fresh" 2>&1 3>&- &
  FRESH=$!
  wait_until 10 served 100
}

served() { # AT-LEAST
  [ "$(wc -l <"$ACCESS")" -ge "$1" ]
}

visitors_leave() {
  kill -INT "$KEPT" "$FRESH"
  wait "$KEPT" "$FRESH" || true
  cat "$DIR/kept" "$DIR/fresh"
  # They must have been there, too.
  grep -qE '^ *[1-9][0-9]{2,} requests in' "$DIR/kept" || fail "no requests on kept connections"
  grep -qE '^ *[1-9][0-9]{2,} requests in' "$DIR/fresh" || fail "no requests on fresh connections"
}

lost() { # FILE
  grep -E 'Socket errors|Non-2xx' "$1"
}

nothing_lost() {
  run -1 lost "$DIR/kept"
  run -1 lost "$DIR/fresh"
}

configure() {
  httpd_config <<'EOT'
workers = 2;
timeouts = { drain = "10s"; };
EOT
}

two_workers() {
  [ "$(worker_count)" = 2 ]
}

@test "reloads lose no request" {
  configure
  httpd_start
  visitors
  local i
  for ((i = 0; i < ROUNDS; i++)); do
    httpd_reload >/dev/null || fail "reload $i refused"
  done
  visitors_leave
  nothing_lost
  wait_until 15 two_workers || fail "$(worker_count) workers"
}

@test "a killed worker loses what it held, and the port is never closed" {
  EXPECT_DEATHS=$ROUNDS
  configure
  httpd_start
  visitors
  local i victim
  for ((i = 0; i < ROUNDS; i++)); do
    # The youngest is a worker that had time to answer somebody, or the throttle would rightly wait.
    wait_until 40 two_workers || fail "only $(worker_count) workers after $i deaths"
    victim=$(worker_pids | shuf -n 1)
    kill -KILL "$victim"
    curl -sS -o /dev/null --max-time 5 "$(url /)" || fail "no answer after death $i"
  done
  wait_until 40 two_workers
  visitors_leave
  # Connections of the dead are reset; none is refused and none hangs.
  run -1 grep -hE 'connect [1-9]|timeout [1-9]|Non-2xx' "$DIR/kept" "$DIR/fresh"
}

upgraded() { # OLD-MASTER
  local now
  now=$(cat "$DIR/httpd.pid") && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "10 upgrades in a row lose no request" {
  configure
  httpd_start
  visitors
  local i old
  for i in {1..10}; do
    old=$MASTER
    httpd --config "$CONF" --signal upgrade || fail "upgrade $i refused"
    MASTER=$(cat "$DIR/httpd.pid")
    [ "$MASTER" != "$old" ] || fail "upgrade $i changed nothing"
    wait_until 15 gone "$old" || fail "master $old is still there"
  done
  visitors_leave
  nothing_lost
}

@test "a broken binary under load changes nothing" {
  cp "$HTTPD" "$DIR/httpd"
  HTTPD=$DIR/httpd
  configure
  httpd_start
  visitors
  mv "$DIR/httpd" "$DIR/good"
  printf '#!/bin/sh\nexit 3\n' >"$DIR/httpd"
  chmod 755 "$DIR/httpd"
  local old=$MASTER
  HTTPD=$DIR/good
  run httpd --config "$CONF" --signal upgrade
  assert_equal 1 "$status"
  assert_equal "$old" "$(cat "$DIR/httpd.pid")"
  visitors_leave
  nothing_lost
}

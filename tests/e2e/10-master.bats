#!/usr/bin/env bats
#
# The master: start, stop, reload, upgrade, and what happens when a process dies.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' "$@" | httpd_config
}

# ---- start and stop ------------------------------------------------------------------------------

@test "serves a file" {
  configure
  httpd_start
  assert_equal hello "$(fetch /)"
}

@test "without a configuration it serves the directory it is given" {
  httpd_start --port "$PORT" --workers 1 "$ROOT"
  assert_equal hello "$(fetch /index.html)"
  assert_match "http://localhost:$PORT/" "$(cat "$DIR/stderr" "$DIR/stdout")"
}

@test "without a word it serves the current directory" {
  cd "$ROOT"
  # A configuration that is installed on this machine would be taken instead.
  [ ! -e "$(httpd --version | sed -n 's/^configuration: //p')" ] || skip "a configuration is installed"
  httpd_start --port "$PORT"
  assert_equal hello "$(fetch /index.html)"
}

@test "a directory below a closed one is served by root, without capabilities" {
  [ "$(id -u)" = 0 ] || skip "needs root: others run as themselves"
  mkdir -m 700 "$DIR/closed"
  mv "$ROOT" "$DIR/closed/www"
  cd "$DIR/closed/www"
  httpd_start --port "$PORT" --workers 1 .
  assert_equal hello "$(fetch /index.html)"
  assert_match '^CapEff:.0*$' "$(grep CapEff "/proc/$(worker_pids)/status")"
}

stops_on() { # SIGNAL
  configure
  httpd_start
  httpd_stop "$1"
  [ ! -e "$DIR/httpd.pid" ] || fail "the pid file is still there"
  [ ! -e "$DIR/control.sock" ] || fail "the control socket is still there"
  ! port_in_use "$PORT" || fail "the port is still open"
}

@test "TERM stops it" { stops_on TERM; }
@test "INT stops it" { stops_on INT; }
@test "QUIT stops it" { stops_on QUIT; }

@test "QUIT lets what is in flight finish" {
  configure 'timeouts = { header = "20s"; };'
  httpd_start
  exec {client}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\nHost: x\r\n' >&"$client"
  # The worker has it in hand once it has read it: nothing is left in the socket's queue.
  wait_until 5 received_all
  kill -QUIT "$MASTER"
  wait_until 5 closed_to_newcomers || fail "the port is still open"
  printf '\r\n' >&"$client"
  assert_match '^HTTP/1.1 200 .*hello' "$(timeout 10 cat <&"$client")"
  exec {client}>&-
  wait_until 10 gone "$MASTER"
}

received_all() {
  ! awk -v port=":$(printf %04X "$PORT")" '$2 ~ port "$" && $4 == "01" && $5 !~ /:00000000$/ { found = 1 }
    END { exit !found }' /proc/net/tcp
}

closed_to_newcomers() { ! port_in_use "$PORT"; }

@test "QUIT cuts what is not done within timeouts.drain" {
  configure 'timeouts = { header = "60s"; drain = "1s"; };'
  httpd_start
  exec {client}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\n' >&"$client"
  wait_until 5 received_all
  kill -QUIT "$MASTER"
  wait_until 8 gone "$MASTER" || fail "still there"
  exec {client}>&-
}

@test "starts again on the same port at once after a stop under load" {
  configure
  httpd_start
  for _ in 1 2 3; do
    curl -sS --parallel --parallel-max 20 -o /dev/null "$(url '/?[1-50]')" &
    local clients=$!
    httpd_stop TERM
    httpd_start
    wait "$clients" || true
  done
  assert_status 200 /
}

@test "the pid file holds the pid, is locked, and a second start says who runs" {
  configure
  httpd_start
  assert_equal "$MASTER" "$(cat "$DIR/httpd.pid")"
  run httpd --config "$CONF"
  assert_equal 1 "$status"
  assert_match "$MASTER" "$output"
  assert_status 200 /
}

@test "a pid file that a crash left behind is no obstacle" {
  configure
  httpd_start
  kill -KILL "$MASTER"
  wait_until 5 gone "$MASTER"
  wait_until 5 closed_to_newcomers
  [ -e "$DIR/httpd.pid" ]
  httpd_start
  assert_equal "$MASTER" "$(cat "$DIR/httpd.pid")"
}

@test "a busy port is reported with who has it" {
  local holder second
  claim_port second
  python3 -m http.server --bind 127.0.0.1 "$second" >/dev/null 2>&1 3>&- &
  holder=$!
  wait_until 10 port_in_use "$second"
  configure "listen = ( { address = \"127.0.0.1\"; port = $second; } );"
  run httpd --config "$CONF"
  kill "$holder"
  assert_equal 1 "$status"
  assert_match "cannot listen on 127.0.0.1:$second: address in use by pid $holder \(python3" "$output"
}

@test "--daemon returns when it serves" {
  configure
  run httpd --config "$CONF" --daemon
  assert_equal 0 "$status"
  MASTER=$(cat "$DIR/httpd.pid")
  assert_status 200 /
  # Detached: no terminal, another session.
  assert_equal '?' "$(ps -o tty= -p "$MASTER" | tr -d ' ')"
  [ "$(ps -o sid= -p "$MASTER")" != "$(ps -o sid= -p $$)" ] || fail "still in our session"
}

@test "--daemon that can not start exits 1 with the reason" {
  configure
  httpd_start
  httpd_config "$DIR/other.conf" <<<"pid_file = \"$DIR/other.pid\";
control = \"$DIR/other.sock\";"
  run httpd --config "$DIR/other.conf" --daemon
  assert_equal 1 "$status"
  assert_match 'address in use' "$output"
}

@test "processes have titles" {
  configure
  httpd_start
  assert_match "^httpd: master $CONF" "$(ps -o args= -p "$MASTER")"
  assert_match '^httpd: worker 1' "$(ps -o args= --ppid "$MASTER" | sort)"
}

# ---- deaths --------------------------------------------------------------------------------------

replaced() { # OLD-PIDS NUMBER
  local now
  now=$(worker_pids)
  [ "$(wc -w <<<"$now")" = "$2" ] && [ -z "$(comm -12 <(sort <<<"$1") <(sort <<<"$now"))" ]
}

@test "a worker that is killed is replaced and the death is logged" {
  EXPECT_DEATHS=1
  configure 'workers = 1;'
  httpd_start
  local old
  old=$(worker_pids)
  kill -KILL "$old"
  wait_until 5 replaced "$old" 1 || fail "no new worker"
  assert_status 200 /
  assert_log "worker 1 \(pid $old\) killed by SIGKILL"
}

@test "the other workers serve on while one is dead" {
  EXPECT_DEATHS=10
  configure 'workers = 2;'
  httpd_start
  local victim
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    read -r victim < <(worker_pids)
    kill -KILL "$victim"
    assert_equal hello "$(fetch /)"
    wait_until 20 workers_are 2
  done
}

@test "a death is logged with the request that was in hand" {
  EXPECT_DEATHS=1
  configure 'workers = 1;' 'timeouts = { body = "30s"; header = "30s"; };'
  # A client that reads nothing keeps a large answer in hand.
  dd if=/dev/zero of="$ROOT/large.bin" bs=1M count=64 status=none
  httpd_start
  exec {client}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET /large.bin?a%%22b HTTP/1.1\r\nHost: x\r\n\r\n' >&"$client"
  IFS= read -r -n 1 _ <&"$client"
  kill -KILL "$(worker_pids)"
  assert_log 'killed by SIGKILL .*1 connections? lost.*GET /large.bin'
  exec {client}>&-
  wait_until 10 workers_are 1
}

@test "workers die with their master" {
  configure
  httpd_start
  local workers pid
  workers=$(worker_pids)
  kill -KILL "$MASTER"
  for pid in $workers; do
    wait_until 5 gone "$pid" || fail "worker $pid lives on"
  done
  wait_until 5 closed_to_newcomers || fail "the port is still open"
}

# ---- reload --------------------------------------------------------------------------------------

@test "a reload changes what is served, and keeps the master" {
  configure
  httpd_start
  local old=$MASTER workers
  workers=$(worker_pids)
  mkdir "$DIR/other"
  echo 'other' >"$DIR/other/index.html"
  configure "sites = ( { root = \"$DIR/other\"; } );"
  httpd_reload
  assert_equal other "$(fetch /)"
  assert_equal "$old" "$(cat "$DIR/httpd.pid")"
  wait_until 10 replaced "$workers" 2 || fail "old workers are still there"
}

@test "HUP reloads too" {
  configure
  httpd_start
  local workers
  workers=$(worker_pids)
  kill -HUP "$MASTER"
  wait_until 10 replaced "$workers" 2 || fail "no new workers"
  assert_status 200 /
}

@test "a reload changes the number of workers" {
  configure 'workers = 1;'
  httpd_start
  configure 'workers = 3;'
  httpd_reload
  wait_until 10 workers_are 3
  configure 'workers = 2;'
  httpd_reload
  wait_until 10 workers_are 2
}

@test "a reload opens new listeners and closes those that vanish" {
  local second
  claim_port second
  configure
  httpd_start
  configure "listen = ( { address = \"127.0.0.1\"; port = $PORT; }, { address = \"127.0.0.1\"; port = $second; } );"
  httpd_reload
  answers "$second" || fail "the new port is not served"
  answers "$PORT" || fail "the old port is not served"
  configure
  httpd_reload
  answers "$PORT" || fail "the kept port is not served"
  wait_until 5 closed "$second" || fail "port $second is still open"
}

closed() { ! port_in_use "$1"; }

@test "a refused reload prints every mistake and changes nothing" {
  configure
  httpd_start
  local workers
  workers=$(worker_pids)
  configure 'wrokers = 3;' 'timeouts = { header = "10 parsecs"; };'
  run httpd_reload
  assert_equal 1 "$status"
  assert_match "unknown key 'wrokers'.*did you mean 'workers'" "$output"
  assert_match 'header' "$output"
  assert_equal "$workers" "$(worker_pids)"
  assert_status 200 /
}

@test "a listener that can not be opened refuses the reload" {
  configure
  httpd_start
  local busy holder
  claim_port busy
  python3 -m http.server --bind 127.0.0.1 "$busy" >/dev/null 2>&1 3>&- &
  holder=$!
  wait_until 10 port_in_use "$busy"
  configure "listen = ( { address = \"127.0.0.1\"; port = $PORT; }, { address = \"127.0.0.1\"; port = $busy; } );"
  run httpd_reload
  kill "$holder"
  assert_equal 1 "$status"
  assert_match "cannot listen on 127.0.0.1:$busy" "$output"
  assert_status 200 /
}

@test "what needs a restart is named in the verdict" {
  configure
  httpd_start
  configure "pid_file = \"$DIR/elsewhere.pid\";"
  run httpd_reload
  assert_equal 0 "$status"
  assert_match 'pid_file' "$output"
  assert_equal "$MASTER" "$(cat "$DIR/httpd.pid")"
}

@test "a client in the middle of a request is served through a reload and told to close" {
  configure 'timeouts = { header = "20s"; };'
  httpd_start
  exec {client}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\nHost: x\r\n' >&"$client"
  wait_until 5 received_all
  httpd_reload
  printf '\r\n' >&"$client"
  local answer
  answer=$(timeout 10 cat <&"$client")
  exec {client}>&-
  assert_match '^HTTP/1.1 200 ' "$answer"
  assert_match 'Connection: close' "$answer"
  assert_match 'hello' "$answer"
}

# ---- other signals and commands ------------------------------------------------------------------

@test "USR1 opens the logs anew" {
  configure
  httpd_start
  mv "$ACCESS" "$ACCESS.1"
  mv "$ERRORS" "$ERRORS.1"
  kill -USR1 "$MASTER"
  wait_until 5 test -e "$ACCESS" || fail "no new access log"
  wait_until 5 test -e "$ERRORS" || fail "no new error log"
  fetch '/?after' >/dev/null
  wait_until 5 grep -q after "$ACCESS" || fail "the line is not in the new file"
  run -1 grep -q after "$ACCESS.1"
}

@test "TTIN adds a worker and TTOU takes one away" {
  configure 'workers = 2;'
  httpd_start
  kill -TTIN "$MASTER"
  wait_until 5 workers_are 3
  kill -TTOU "$MASTER"
  wait_until 5 workers_are 2
  kill -TTOU "$MASTER"
  wait_until 5 workers_are 1
  assert_status 200 /
}

@test "--signal reopen, quit and stop tell how it went" {
  configure
  httpd_start
  mv "$ACCESS" "$ACCESS.1"
  run httpd --config "$CONF" --signal reopen
  assert_equal 0 "$status"
  [ -e "$ACCESS" ] || fail "not reopened when the verdict came"
  run httpd --config "$CONF" --signal quit
  assert_equal 0 "$status"
  wait_until 5 gone "$MASTER"
  httpd_start
  run httpd --config "$CONF" --signal stop
  assert_equal 0 "$status"
  wait_until 5 gone "$MASTER"
}

@test "--signal to nobody exits 1 and says so" {
  configure
  run httpd --config "$CONF" --signal reload
  assert_equal 1 "$status"
  assert_match 'control.sock' "$output"
}

@test "--signal with an unknown name is wrong usage" {
  configure
  run httpd --config "$CONF" --signal dance
  assert_equal 2 "$status"
  assert_match 'reload, stop, quit, reopen or upgrade' "$output"
}

@test "--status tells what runs" {
  configure
  httpd_start
  run httpd --config "$CONF" --status
  assert_equal 0 "$status"
  assert_match "$MASTER" "$output"
  local pid
  for pid in $(worker_pids); do
    assert_match "$pid" "$output"
  done
}

# ---- upgrade -------------------------------------------------------------------------------------

# The binary is a copy, so that a test can break it.
own_binary() {
  cp "$HTTPD" "$DIR/httpd"
  HTTPD=$DIR/httpd
}

upgraded() { # OLD-MASTER
  local now
  now=$(cat "$DIR/httpd.pid") && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "USR2 hands the sockets to a new binary" {
  own_binary
  configure
  httpd_start
  local old=$MASTER
  kill -USR2 "$MASTER"
  wait_until 10 upgraded "$old" || fail "no new master"
  MASTER=$(cat "$DIR/httpd.pid")
  wait_until 10 gone "$old" || fail "the old master is still there"
  assert_status 200 /
  assert_equal 2 "$(worker_count)"
}

@test "--signal upgrade gives the verdict" {
  own_binary
  configure
  httpd_start
  local old=$MASTER
  run httpd --config "$CONF" --signal upgrade
  assert_equal 0 "$status"
  MASTER=$(cat "$DIR/httpd.pid")
  [ "$MASTER" != "$old" ] || fail "still the old master"
  assert_status 200 /
  wait_until 10 gone "$old"
}

broken_by() { # TEXT-OF-THE-NEW-BINARY
  own_binary
  configure
  httpd_start
  local old=$MASTER workers
  workers=$(worker_pids)
  printf '%s\n' "$1" >"$DIR/httpd.new"
  chmod 755 "$DIR/httpd.new"
  mv "$DIR/httpd" "$DIR/httpd.good"
  mv "$DIR/httpd.new" "$DIR/httpd"
  HTTPD=$DIR/httpd.good
  run httpd --config "$CONF" --signal upgrade
  assert_equal 1 "$status"
  assert_equal "$old" "$(cat "$DIR/httpd.pid")"
  assert_equal "$workers" "$(worker_pids)"
  assert_status 200 /
}

@test "a new binary that exits leaves the old in charge" {
  broken_by '#!/bin/false'
}

@test "a new binary that is none leaves the old in charge" {
  broken_by 'not a program'
}

# ---- fairness ------------------------------------------------------------------------------------

# Opens 64 connections at once and tells how many the busiest and the idlest worker have.
spread() {
  local pid n
  most=0 least=64
  rm -f "$DIR/hold" "$DIR/held"
  mkfifo "$DIR/hold"
  peer hold "$PORT" 64 <"$DIR/hold" >"$DIR/held" 3>&- &
  exec {hold}>"$DIR/hold"
  wait_until 10 grep -q held "$DIR/held"
  for pid in $(worker_pids); do
    n=$(established "$pid" | wc -l)
    echo "worker $pid: $n"
    most=$((n > most ? n : most))
    least=$((n < least ? n : least))
  done
  exec {hold}>&-
  wait $!
  for pid in $(worker_pids); do wait_until 10 no_connection "$pid"; done
}

@test "64 connections spread over 4 workers" {
  configure 'workers = 4;'
  httpd_start
  local most least try
  # 16 each would be perfect; what must not be is one worker with most of them. They come one after
  # the other; a worker that the machine does not run meanwhile can not take part, so one round of
  # five has to be even.
  for try in 1 2 3 4 5; do
    spread
    [ $least -lt 8 ] || [ $most -gt 28 ] || return 0
  done
  fail "five times one worker had $least, another $most of 64"
}

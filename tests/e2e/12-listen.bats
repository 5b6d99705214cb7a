#!/usr/bin/env bats
#
# Where it listens: both families, host names, unix sockets, sockets from systemd.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

listen() { # ENTRY...
  local IFS=,
  echo "listen = ( $* );" | httpd_config
}

hello_from() { # HOST
  assert_equal hello "$(curl -sS --max-time 5 --noproxy '*' "http://$1:$PORT/")"
}

@test "IPv4 only" {
  listen "{ address = \"127.0.0.1\"; port = $PORT; }"
  httpd_start
  hello_from 127.0.0.1
  run curl -sS --max-time 2 "http://[::1]:$PORT/"
  [ "$status" != 0 ]
}

need_network() {
  [ "$(id -u)" = 0 ] || skip "needs root, for a network of its own"
  unshare --net true 2>/dev/null || skip "no network namespaces here"
  [ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
}

# What families this machine has must not matter: the server runs in a network of its own, where IPv6 is on (0) or off
# (1). Prints what each host answers, "-" for nothing.
answers_in_network() { # IPV6-OFF HOST...
  # shellcheck disable=SC2016  # for the inner shell
  unshare --net bash -c '
    echo "$0" >/proc/sys/net/ipv6/conf/all/disable_ipv6
    echo "$0" >/proc/sys/net/ipv6/conf/lo/disable_ipv6
    ip link set lo up
    "$1" --config "$2" --daemon || exit 1
    for host in "${@:4}"; do
      curl -sS --max-time 5 --noproxy "*" "http://$host/" 2>/dev/null || echo -
    done
    "$1" --config "$2" --signal stop >/dev/null' "$1" "$HTTPD" "$CONF" "$DIR" "${@:2}" 3>&-
}

@test "IPv6 only" {
  need_network
  listen "{ address = \"::1\"; port = $PORT; }"
  run answers_in_network 0 "[::1]:$PORT" "127.0.0.1:$PORT"
  assert_equal 0 "$status"
  assert_equal $'hello\n-' "$output"
}

@test "* is both families" {
  need_network
  listen "{ port = $PORT; }"
  run answers_in_network 0 "[::1]:$PORT" "127.0.0.1:$PORT"
  assert_equal 0 "$status"
  assert_equal $'hello\nhello' "$output"
}

@test "the log knows which address a client of * asked" {
  httpd_config <<EOF
    listen = ( { port = $PORT; } );
    log = { access = "$ACCESS"; error = "$ERRORS"; format = "\${protocol} \${local_addr} \${local_port}"; };
EOF
  httpd_start
  : >"$ACCESS"
  curl -sS -o "$DIR/got" "http://127.0.0.1:$PORT/"
  curl -sS -o "$DIR/got" --http2-prior-knowledge "http://127.0.0.1:$PORT/"
  httpd_stop
  assert_equal "HTTP/1.1 127.0.0.1 $PORT"$'\n'"HTTP/2.0 127.0.0.1 $PORT" "$(sort "$ACCESS" | uniq)"
}

@test "* where IPv6 is absent" {
  need_network
  listen "{ port = $PORT; }"
  run answers_in_network 1 "127.0.0.1:$PORT" "[::1]:$PORT"
  assert_equal 0 "$status"
  assert_equal $'hello\n-' "$output"
}

@test "a host name, however many addresses it has" {
  listen "{ address = \"localhost\"; port = $PORT; }"
  httpd_start
  hello_from 127.0.0.1
}

@test "a host name that is none is reported" {
  listen "{ address = \"no-such-host.invalid\"; port = $PORT; }"
  run httpd --config "$CONF"
  assert_equal 1 "$status"
  assert_match 'no-such-host.invalid' "$output"
}

@test "several entries" {
  local second
  claim_port second
  listen "{ address = \"127.0.0.1\"; port = $PORT; }" "{ address = \"127.0.0.1\"; port = $second; }"
  httpd_start
  hello_from 127.0.0.1
  assert_equal hello "$(curl -sS "http://127.0.0.1:$second/")"
}

@test "a unix socket, with its mode" {
  listen "{ address = \"127.0.0.1\"; port = $PORT; }" "{ address = \"unix:$DIR/http.sock\"; mode = \"0660\"; }"
  httpd_start
  assert_equal hello "$(curl -sS --unix-socket "$DIR/http.sock" http://localhost/)"
  assert_equal 660 "$(stat -c %a "$DIR/http.sock")"
  httpd_stop
  [ ! -e "$DIR/http.sock" ] || fail "the socket is still there"
}

@test "a stale unix socket is no obstacle, a living one is" {
  listen "{ address = \"127.0.0.1\"; port = $PORT; }" "{ address = \"unix:$DIR/http.sock\"; }"
  httpd_start
  kill -KILL "$MASTER"
  wait_until 5 gone "$MASTER"
  [ -S "$DIR/http.sock" ]
  httpd_start
  assert_equal hello "$(curl -sS --unix-socket "$DIR/http.sock" http://localhost/)"
  run httpd --config "$CONF" --pid-file "$DIR/other.pid"
  assert_equal 1 "$status"
  assert_equal hello "$(curl -sS --unix-socket "$DIR/http.sock" http://localhost/)"
}

@test "LISTEN_FDS: a socket that was handed over is served" {
  listen "{ address = \"127.0.0.1\"; port = $PORT; }"
  python3 "$TOP/tests/e2e/peer.py" pass-socket "$PORT" "$HTTPD" --config "$CONF" \
    >>"$DIR/stdout" 2>>"$DIR/stderr" 3>&- &
  MASTER=$!
  wait_until 10 answers "$PORT"
  hello_from 127.0.0.1
}

@test "LISTEN_FDS by systemd-socket-activate" {
  command -v systemd-socket-activate >/dev/null || skip "systemd is not installed"
  listen "{ address = \"127.0.0.1\"; port = $PORT; }"
  systemd-socket-activate --listen="127.0.0.1:$PORT" "$HTTPD" --config "$CONF" \
    >>"$DIR/stdout" 2>>"$DIR/stderr" 3>&- &
  MASTER=$!
  wait_until 10 answers "$PORT"
  hello_from 127.0.0.1
}

notified() { # REGEX
  grep -qE "$1" "$DIR/notified"
}

@test "systemd is told READY, RELOADING and STOPPING" {
  httpd_config <<<''
  python3 - "$DIR/notify" >"$DIR/notified" 3>&- <<'EOT' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
while True:
    text = s.recv(4096).decode()
    print(text, flush=True)
    if "STOPPING=1" in text:
        break
EOT
  local listener=$!
  wait_until 5 test -S "$DIR/notify"
  SERVER_ENV=("NOTIFY_SOCKET=$DIR/notify")
  httpd_start
  wait_until 5 notified '^READY=1' || fail "no READY"
  httpd_reload
  wait_until 5 notified '^RELOADING=1' || fail "no RELOADING"
  wait_until 5 notified '^MONOTONIC_USEC=[0-9]+' || fail "no MONOTONIC_USEC"
  httpd_stop
  wait_until 5 notified '^STOPPING=1' || { kill "$listener"; fail "no STOPPING"; }
}

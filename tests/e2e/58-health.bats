#!/usr/bin/env bats
#
# Health: alive, ready, and what is looked at.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

routes() { # HEALTH
  httpd_config <<<"
sites = ( { root = \"$ROOT\"; routes = (
  { path = \"/healthz\"; handler = \"health\"; },
  { path = \"/readyz\"; handler = \"health\"; health = { ready = true; $1 }; },
  { path = \"/intern\"; handler = \"health\"; health = { $1 }; allow = \"127.0.0.1\"; },
  { path = \"/*\"; files = { }; } ); } );"
}

@test "alive and ready, over HTTP/1 and HTTP/2" {
  routes ''
  httpd_start
  local h2 path
  for h2 in --http1.1 --http2-prior-knowledge; do
    for path in /healthz /readyz; do
      assert_equal '{"status":"ok","checks":[]}' "$(fetch $path $h2)"
      assert_status 200 $path $h2
      assert_equal no-store "$(field_of cache-control $path $h2)"
      assert_equal application/json "$(field_of content-type $path $h2)"
      assert_equal 28 "$(field_of content-length $path $h2 --head)"
      assert_status 405 $path $h2 -X POST
    done
  done
}

@test "a file that goes and comes back" {
  touch "$DIR/mounted"
  routes "files = [ \"$DIR/mounted\", \"$ROOT\" ];"
  httpd_start
  assert_status 200 /readyz
  assert_equal '{"status":"ok","checks":[{"check":"file","status":"ok"},{"check":"file","status":"ok"}]}' \
    "$(fetch /readyz)"
  rm "$DIR/mounted"
  not_ready() { [ "$(status_of /readyz)" = 503 ] && [ "$(status_of /intern)" = 503 ]; }
  wait_until 10 not_ready
  assert_equal '{"status":"fail","checks":[{"check":"file","status":"fail"},{"check":"file","status":"ok"}]}' \
    "$(fetch /readyz)"
  assert_match "\"path\":\"$DIR/mounted\",\"error\":\"No such file or directory\"" "$(fetch /intern)"
  assert_status 200 /healthz
  assert_log "warning worker [0-9]+: health: '$DIR/mounted': No such file or directory"
  touch "$DIR/mounted"
  is_ready() { [ "$(status_of /readyz)" = 200 ]; }
  wait_until 10 is_ready
  assert_log "health: '$DIR/mounted' is as it has to be again"
}

@test "too little room on a disk" {
  routes "disks = ( { path = \"$DIR\"; free = \"900000000G\"; } );"
  httpd_start
  assert_status 503 /readyz
  assert_match '"free":[0-9]+,"wanted":966367641600000000' "$(fetch /intern)"
  assert_log "health: '$DIR': too little room: [0-9]+ bytes"
}

@test "ready turns 503 when the server is told to stop, on connections that are still there" {
  routes ''
  httpd_start
  # Requests that have begun keep the workers there.
  python3 - "$PORT" "$MASTER" <<'END'
import os, signal, socket, sys
port, master = int(sys.argv[1]), int(sys.argv[2])

def begin(path):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(f"GET {path} HTTP/1.1\r\n".encode())
    return sock

def end(sock):
    sock.sendall(b"Host: x\r\n\r\n")
    got = b""
    while b"]}\n" not in got:
        part = sock.recv(4096)
        if not part: break
        got += part
    return got.decode()

assert " 200 OK" in end(begin("/readyz"))
probe, other = begin("/readyz"), begin("/healthz")
os.kill(master, signal.SIGQUIT)
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        break
answer = end(probe)
assert " 503 Service Unavailable" in answer and '{"status":"draining","checks":[]}' in answer, answer
assert "Connection: close" in answer, answer
answer = end(other)
assert " 200 OK" in answer, answer
END
  wait_until 10 gone "$MASTER"
}

@test "over HTTP/2, too, until the connection takes no more streams" {
  routes ''
  httpd_start
  PYTHONPATH=$TOP/tests/e2e python3 - "$PORT" "$MASTER" <<'END'
import os, signal, sys
from h2 import *
p = Peer(int(sys.argv[1]), timeout=10)
p.request(1, path="/readyz")
assert p.response(1)[0] == "200"
os.kill(int(sys.argv[2]), signal.SIGQUIT)
ping = p.until(PING)
p.request(3, path="/readyz")
status, content = p.response(3)  # the helper reads no 503 from the table
assert status != "200" and b'"draining"' in content, (status, content)
p.send(PING, ACK, 0, ping.payload)
END
  wait_until 10 gone "$MASTER"
}

@test "with notice a server that stops takes connections a while, and says that it is not ready" {
  httpd_config <<<"timeouts = { notice = \"4s\"; drain = \"20s\"; };
sites = ( { root = \"$ROOT\"; routes = ( { path = \"/readyz\"; handler = \"health\"; health = { ready = true; }; },
  { path = \"/*\"; files = { }; } ); } );"
  httpd_start
  kill -QUIT "$MASTER"
  draining() { [ "$(status_of /readyz)" = 503 ]; }
  wait_until 5 draining
  assert_status 200 /
  wait_until 20 gone "$MASTER"
  run ! answers "$PORT"
}

@test "a reload does not make it unready" {
  routes ''
  httpd_start
  python3 - "$PORT" "$HTTPD" "$CONF" <<'END'
import socket, subprocess, sys
port, httpd, conf = int(sys.argv[1]), sys.argv[2], sys.argv[3]
s = socket.create_connection(("127.0.0.1", port))
subprocess.run([httpd, "--config", conf, "--signal", "reload"], check=True, stdout=subprocess.DEVNULL)
s.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
got = s.recv(4096).decode()
assert " 200 OK" in got, got
END
  assert_status 200 /readyz
}

@test "--test knows what is wrong" {
  httpd_config <<<"
sites = ( { routes = (
  { path = \"/a\"; handler = \"health\"; health = { files = \"data\"; }; },
  { path = \"/b\"; handler = \"ready\"; } ); } );
timeouts = { drain = 5; notice = 5; };"
  run -1 httpd --test --config "$CONF"
  assert_match "httpd.conf:3: health.files: 'data' does not begin with '/'" "$output"
  assert_match "httpd.conf:4: .*no handler has the name 'ready'" "$output"
  assert_match "httpd.conf:5: timeouts.notice: it is a part of timeouts.drain" "$output"
}

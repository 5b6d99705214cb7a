#!/usr/bin/env bats
#
# Uploads: PUT, POST and DELETE where the configuration permits them; whole or not at all.

# bats file_tags=transports

load lib

setup() {
  httpd_setup
  chmod 777 "$ROOT"
}

teardown() {
  ! mountpoint -q "$ROOT/full" || umount --lazy "$ROOT/full"
  httpd_teardown
}

writable() { # [SETTINGS...]: of the server
  printf '%s\n' "$@" "sites = ( { root = \"$ROOT\"; routes = (
    { path = \"/read/*\"; files = { root = \"$ROOT\"; }; },
    { path = \"/*\"; files = { write = true; write_open = true; }; } ); } );" | httpd_config
}

put() { # PATH FILE [CURL-OPTION...]; prints the status
  local path=$1 file=$2
  shift 2
  status_of "$path" -T "$file" "$@"
}

bytes() { # FILE SIZE
  head -c "$2" /dev/urandom >"$1"
}

names() { # all that is in the root, hidden names too
  find "$ROOT" -mindepth 1 -printf '%P\n' | sort | paste -sd' '
}

only() { # NAMES
  [ "$(names)" = "$1" ]
}

# ---- what is answered ----------------------------------------------------------------------------

@test "PUT stores a file, replaces it, and DELETE removes it" {
  writable 'workers = 1;'
  httpd_start
  bytes "$DIR/one" 100000
  bytes "$DIR/two" 100001
  assert_equal 201 "$(put /new.bin "$DIR/one")"
  fetch /new.bin | cmp - "$DIR/one"
  assert_equal 204 "$(put /new.bin "$DIR/two")"
  fetch /new.bin | cmp - "$DIR/two"
  assert_equal 644 "$(stat -c %a "$ROOT/new.bin")"
  assert_status 204 /new.bin -X DELETE
  assert_status 404 /new.bin
  assert_status 404 /new.bin -X DELETE
  only index.html
}

@test "POST stores the content like PUT" {
  writable 'workers = 1;'
  httpd_start
  assert_status 201 /posted.txt --data-binary 'posted'
  assert_equal posted "$(fetch /posted.txt)"
  assert_status 204 /posted.txt --data-binary 'again'
  assert_equal again "$(cat "$ROOT/posted.txt")"
}

@test "the answer says where the file is and which state it has" {
  writable
  httpd_start
  local answer etag
  answer=$(head_of '/a%20b.txt' -T "$ROOT/index.html")
  assert_match 'Location: /a%20b.txt' "$answer"
  etag=$(sed -n 's/^ETag: //p' <<<"$answer")
  assert_equal "$etag" "$(field_of ETag '/a%20b.txt')"
  assert_equal "$etag" "$(field_of ETag '/a%20b.txt' -I)"
  assert_equal "$(sed -n 's/^Last-Modified: //p' <<<"$answer")" "$(field_of Last-Modified '/a%20b.txt')"
  assert_equal 6 "$(field_of Content-Length '/a%20b.txt' -I)"
}

@test "without write nothing is taken, and Allow says so" {
  httpd_config <<<''
  httpd_start
  assert_equal 405 "$(put /new.txt "$ROOT/index.html")"
  assert_status 405 /index.html -X DELETE
  assert_status 405 /index.html --data-binary x
  assert_equal 'GET, HEAD, OPTIONS' "$(field_of Allow /index.html -X DELETE)"
  assert_equal 'GET, HEAD, OPTIONS' "$(field_of Allow /index.html -X OPTIONS)"
  only index.html
}

@test "with write Allow has the methods, where they are permitted" {
  writable
  httpd_start
  assert_equal 'GET, HEAD, POST, PUT, DELETE, OPTIONS' "$(field_of Allow /index.html -X OPTIONS)"
  assert_equal 'GET, HEAD, POST, PUT, DELETE, OPTIONS' "$(field_of Allow /index.html -X PATCH)"
  assert_equal 'GET, HEAD, OPTIONS' "$(field_of Allow /read/index.html -X PUT)"
}

@test "directories, missing parents and parts are refused" {
  writable
  mkdir -m 777 "$ROOT/sub"
  httpd_start
  local file=$ROOT/index.html
  assert_equal 409 "$(put /sub "$file")"
  assert_status 409 /sub/ -X PUT --data-binary x
  assert_equal 409 "$(put /none/x "$file")"
  assert_equal 409 "$(put /index.html/x "$file")"
  assert_status 409 /sub -X DELETE
  assert_status 409 /sub/ -X DELETE
  assert_equal 400 "$(put /x "$file" -H 'Content-Range: bytes 0-5/6')"
  assert_equal 415 "$(put /x "$file" -H 'Content-Encoding: gzip')"
  assert_equal 201 "$(put /sub/x "$file")"
  only 'index.html sub sub/x'
}

# bats test_tags=once
@test "403 where the workers' user may not write" {
  [ "$(id -u)" = 0 ] || skip 'needs root, to have directories of another user'
  writable
  mkdir -m 755 "$ROOT/closed"
  echo mine >"$ROOT/closed/x"
  httpd_start
  assert_equal 403 "$(put /closed/y "$ROOT/index.html")"
  assert_equal 403 "$(put /closed/x "$ROOT/index.html")"
  assert_status 403 /closed/x -X DELETE
  assert_equal mine "$(cat "$ROOT/closed/x")"
}

@test "nothing outside of the root, nothing hidden" {
  writable
  mkdir -m 777 "$DIR/outside" "$ROOT/sub"
  echo mine >"$DIR/outside/x"
  ln -s "$DIR/outside" "$ROOT/absolute"
  ln -s ../outside "$ROOT/relative"
  ln -s ../outside/x "$ROOT/x"
  httpd_start
  local path
  for path in /../outside/x /%2e%2e/outside/x /sub/../../outside/x /..%2foutside/x /absolute/x /relative/x \
    /absolute/y /relative/y /sub/%2e%2e/%2e%2e/outside/y '/..\outside\x' /.hidden /sub/.hidden /%2ehidden /.upload~1; do
    assert_match '^40[0349]$' "$(put "$path" "$ROOT/index.html")"
    assert_match '^40[0349]$' "$(status_of "$path" -X DELETE)"
  done
  assert_equal 201 "$(put /x "$ROOT/index.html")"
  assert_equal mine "$(cat "$DIR/outside/x")"
  assert_equal x "$(ls -A "$DIR/outside")"
  [ ! -L "$ROOT/x" ]
  only 'absolute index.html relative sub x'
}

# ---- conditions ----------------------------------------------------------------------------------

@test "If-Match and If-None-Match keep one client from overwriting another's work" {
  writable
  httpd_start
  local etag file=$DIR/mine
  echo mine >"$file"
  etag=$(field_of ETag /index.html)
  assert_equal 412 "$(put /index.html "$file" -H 'If-None-Match: *')"
  assert_equal 412 "$(put /index.html "$file" -H 'If-Match: "other"')"
  assert_equal 412 "$(put /none "$file" -H 'If-Match: *')"
  assert_equal 412 "$(put /index.html "$file" -H 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT')"
  assert_status 412 /index.html -X DELETE -H 'If-Match: "other"'
  assert_equal hello "$(cat "$ROOT/index.html")"
  assert_equal 204 "$(put /index.html "$file" -H "If-Match: $etag")"
  assert_equal 412 "$(put /index.html "$file" -H "If-Match: $etag")"
  assert_equal 201 "$(put /new "$file" -H 'If-None-Match: *')"
  assert_equal 412 "$(put /new "$file" -H 'If-None-Match: *')"
}

@test "content is asked for only if it will be taken" {
  writable 'timeouts = { body = "1s"; };'
  httpd_start
  local rest='Host: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n'
  assert_equal 412 "$(raw_statuses "PUT /index.html HTTP/1.1\r\n${rest}If-None-Match: *\r\n\r\n")"
  assert_equal 409 "$(raw_statuses "PUT /none/x HTTP/1.1\r\n$rest\r\n")"
  assert_equal '100 408' "$(raw_statuses "PUT /new HTTP/1.1\r\n$rest\r\n")"
  wait_until 5 only index.html
}

# ---- what others see -----------------------------------------------------------------------------

reads() { # TEXT
  [ "$(fetch /index.html)" = "$1" ]
}

# bats test_tags=once
@test "the new content is seen at once by its worker, within a second or so by the others" {
  writable 'workers = 2;'
  httpd_start
  local i j
  for i in {1..10}; do
    for j in {1..5}; do fetch /index.html >/dev/null; done
    echo "number $i" >"$DIR/file"
    # One connection, so one worker: what it took is what it gives.
    assert_equal "number $i" "$(curl -sS -o /dev/null -T "$DIR/file" "$(url /index.html)" \
      --next "${CURL[@]}" -sS "$(url /)")"
  done
  sleep 1.1
  for j in {1..20}; do
    assert_equal 'number 10' "$(fetch /index.html)"
  done
}

@test "of uploads to one path at the same time one wins, and readers see only whole files" {
  writable 'workers = 2;'
  httpd_start
  local i sums='' sum pids=() reader
  for i in 1 2 3 4; do
    bytes "$DIR/$i" $((300000 + i))
    sums+=" $(sha256sum <"$DIR/$i")"
  done
  assert_equal 201 "$(put /x "$DIR/1")"
  (
    while [ ! -e "$DIR/stop" ]; do
      sum=$(fetch /x | sha256sum)
      [[ $sums == *$sum* ]] || echo "torn: $sum" >>"$DIR/torn"
      echo . >>"$DIR/reads"
    done
  ) &
  reader=$!
  for i in {1..10}; do
    pids=()
    for j in 1 2 3 4; do
      curl -sS -o /dev/null --limit-rate 3M -T "$DIR/$j" "$(url /x)" &
      pids+=($!)
    done
    wait "${pids[@]}"
    sum=$(sha256sum <"$ROOT/x")
    [[ $sums == *$sum* ]] || fail 'a mixture was stored'
  done
  touch "$DIR/stop"
  wait "$reader"
  [ ! -e "$DIR/torn" ] || fail "$(cat "$DIR/torn")"
  [ "$(wc -l <"$DIR/reads")" -ge 10 ]
  only 'index.html x'
}

# ---- what goes wrong -----------------------------------------------------------------------------

half_way() { # PID-VARIABLE PATH: a slow client
  local -n client=$1
  bytes "$DIR/slow" 4000000
  curl -sS -o /dev/null --limit-rate 500k -T "$DIR/slow" "$(url "$2")" 2>/dev/null 3>&- &
  client=$!
  wait_until 5 written
}

# Bytes of an upload are in a file that has no name, or a hidden one.
written() {
  local pid
  for pid in $(worker_pids); do
    find "/proc/$pid/fd" -type l -printf '%l\n' | grep -E "^$ROOT/" && return
  done
  return 1
}

# Whether files can be without a name here: then there is none.
nameless() {
  python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY)' "$ROOT" 2>/dev/null
}

@test "a client that goes away half-way leaves nothing behind" {
  writable
  httpd_start
  local pid
  half_way pid /index.html
  assert_equal hello "$(fetch /index.html)"
  ! nameless || assert_equal index.html "$(names)"
  kill "$pid"
  wait "$pid" || true
  half_way pid /new
  assert_status 404 /new
  kill "$pid"
  wait "$pid" || true
  wait_until 5 only index.html
  assert_equal hello "$(cat "$ROOT/index.html")"
}

@test "a worker that is killed half-way leaves no part of a file" {
  writable 'workers = 1;'
  httpd_start
  local pid
  half_way pid /index.html
  kill -KILL "$(worker_pids)"
  wait "$pid" || true
  wait_until 10 answers "$PORT"
  assert_equal hello "$(fetch /index.html)"
  if nameless; then
    only index.html
  else
    assert_equal index.html "$(names | sed 's/\.upload~[0-9a-f]* //')"
  fi
  EXPECT_DEATHS=1
}

@test "content over limits.body is 413 and leaves nothing behind" {
  writable 'limits = { body = "1M"; };'
  httpd_start
  bytes "$DIR/large" 2000000
  assert_equal 413 "$(put /known "$DIR/large")"
  assert_equal 413 "$(put /unknown "$DIR/large" -H 'Transfer-Encoding: chunked')"
  wait_until 5 only index.html
}

@test "a full disk is 507, with nothing left behind" {
  mkdir "$ROOT/full"
  mount -t tmpfs -o size=1m,mode=777 tmpfs "$ROOT/full" 2>/dev/null || skip 'may not mount a small file system'
  writable
  httpd_start
  bytes "$DIR/large" 3000000
  echo old >"$ROOT/full/old"
  # Of a length that is known beforehand, and found out on the way.
  assert_equal 507 "$(put /full/new "$DIR/large")"
  assert_equal 507 "$(put /full/new "$DIR/large" -H 'Transfer-Encoding: chunked')"
  assert_equal 507 "$(put /full/old "$DIR/large" -H 'Transfer-Encoding: chunked')"
  assert_equal old "$(ls -A "$ROOT/full")"
  assert_equal old "$(cat "$ROOT/full/old")"
  emptied() { [ "$(stat -f -c %a "$ROOT/full")" -gt 200 ]; }
  wait_until 5 emptied
  assert_equal 201 "$(put /full/new "$ROOT/index.html")"
  assert_log "cannot store or remove 'full/.*': No space left"
}

# ---- large and slow ------------------------------------------------------------------------------

hwm() { # PID; the most memory that it ever had, in kB
  sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

@test "a large upload needs little memory" {
  # A sanitizer keeps what was freed; not here.
  export ASAN_OPTIONS=quarantine_size_mb=1
  writable 'workers = 1;' 'limits = { body = "300M"; };'
  httpd_start
  local before after
  # A few bytes a call would take hours.
  bytes "$DIR/large" $((${TEST_SHIM:+1} + 0 ? 1 << 20 : 200 << 20))
  before=$(hwm "$(worker_pids)")
  assert_equal 201 "$(put /known "$DIR/large" --max-time 120)"
  cmp "$DIR/large" "$ROOT/known"
  assert_equal 201 "$(put /chunked "$DIR/large" --max-time 120 -H 'Transfer-Encoding: chunked')"
  cmp "$DIR/large" "$ROOT/chunked"
  after=$(hwm "$(worker_pids)")
  [ $((after - before)) -lt 8192 ] || fail "$before kB before, $after kB after"
}

@test "a slow upload, while others are served" {
  writable 'workers = 1;'
  httpd_start
  local pid
  bytes "$DIR/slow" 300000
  curl -sS -o "$DIR/answer" --limit-rate 150k -T "$DIR/slow" "$(url /slow)" -w '%{http_code}' >"$DIR/status" 3>&- &
  pid=$!
  while ! gone "$pid"; do
    assert_equal hello "$(fetch /index.html)"
  done
  wait "$pid"
  assert_equal 201 "$(cat "$DIR/status")"
  cmp "$DIR/slow" "$ROOT/slow"
}

@test "many uploads at once" {
  needs_reuse
  writable
  httpd_start
  local i list=()
  for i in {1..60}; do
    bytes "$DIR/$i" $((i * 5000))
    list+=(-T "$DIR/$i" "$(url "/$i")")
  done
  curl -sS --parallel --parallel-max 20 -o /dev/null "${list[@]}"
  for i in {1..60}; do
    cmp "$DIR/$i" "$ROOT/$i"
  done
}

@test "an upload under way is finished by a graceful stop" {
  writable
  httpd_start
  bytes "$DIR/slow" 400000
  curl -sS -o /dev/null --limit-rate 200k -T "$DIR/slow" "$(url /slow)" -w '%{http_code}' >"$DIR/status" 3>&- &
  local pid=$!
  wait_until 5 written
  httpd_stop QUIT
  wait "$pid"
  assert_equal 201 "$(cat "$DIR/status")"
  cmp "$DIR/slow" "$ROOT/slow"
}

# ---- configuration -------------------------------------------------------------------------------

# bats test_tags=once
@test "--test refuses files that anybody may write, unless that is said" {
  printf '%s\n' "sites = ( { root = \"$ROOT\"; routes = (
    { path = \"/*\"; files = { write = true; }; } ); } );" | httpd_config
  run -1 httpd --test --config "$CONF"
  assert_match "httpd.conf:[0-9]+: files.write: anybody .*write_open = true" "$output"
  writable
  run -0 httpd --test --config "$CONF"
}

# bats test_tags=once
@test "--test warns of a root that the workers can not write" {
  [ "$(id -u)" = 0 ] || skip 'needs root, to have a user who may not write'
  writable 'user = "nobody";'
  chmod 755 "$ROOT"
  run -0 httpd --test --config "$CONF"
  assert_match "warning: '$ROOT' can not be written by the worker's user" "$output"
}

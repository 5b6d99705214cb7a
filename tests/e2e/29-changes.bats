#!/usr/bin/env bats
#
# Files that change while they are served: by rename, truncation, append and removal.
#
# TEST_LONG=1 takes the full measure: 10,000 files for a minute.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

@test "no response mixes old and new bytes or has a wrong length" {
  local files=1000 seconds=10
  [ -z "${TEST_LONG-}" ] || files=10000 seconds=60
  httpd_config <<<''
  httpd_start
  run python3 "$BATS_TEST_DIRNAME/mutate.py" "http://127.0.0.1:$PORT/" "$ROOT" $files $seconds
  echo "$output"
  assert_equal 0 "$status"
}

lines() { # TEXT BYTES
  yes "$1" | head -c "$2"
}

# Fetches a large file, and does something to it while the client rests. The client's bytes are in $DIR/got.
interrupted() { # COMMAND...; prints curl's exit status
  local client got status=0
  mkfifo "$DIR/pipe"
  curl -s --max-time 30 -o "$DIR/pipe" "$(url /large)" 3>&- &
  client=$!
  exec {got}<"$DIR/pipe"
  head -c 100000 <&"$got" >"$DIR/got"
  "$@"
  cat <&"$got" >>"$DIR/got"
  exec {got}<&-
  wait $client || status=$?
  echo $status
}

grow() { lines new 1000 >>"$ROOT/large"; }
become_another() {
  truncate -s 50000 "$ROOT/large"
  lines new 40000000 >>"$ROOT/large"
}

@test "a file that grows while it is sent is sent as it was" {
  lines old 32000000 >"$ROOT/large"
  httpd_config <<<''
  httpd_start
  assert_equal 0 "$(interrupted grow)"
  cmp "$DIR/got" <(lines old 32000000)
}

@test "a file that is cut and grows again is not mixed with what it was" {
  lines old 32000000 >"$ROOT/large"
  httpd_config <<<''
  httpd_start
  assert_equal 18 "$(interrupted become_another)"
  refute_match new "$(tail -c 100 "$DIR/got")"
}

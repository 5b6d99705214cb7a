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

#!/usr/bin/env bats
#
# What waits for a disk waits in a thread: nobody else is held up by a slow read or a vast directory.
#
# The slow disk is shim/slowdisk.c: reads of "slow" files take SLOW_MS each, and one in the main thread ends
# the worker, which the teardown would find.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

SLOW_MS=3000 # SLOW_S in shim/slowdisk.c

slow_disk() { # one worker, so that others could be held up
  [ -e "$BUILD/tests/shim/slowdisk.so" ] || skip "slowdisk.so is not built (make check does)"
  [ -z "${TEST_SHIM-}" ] || skip "one shim at a time"
  SERVER_ENV+=("LD_PRELOAD=$BUILD/tests/shim/slowdisk.so")
  httpd_config <<<'workers = 1;'
  httpd_start
}

download() { # NAME: in the background, with its time
  curl -sS -f --max-time 120 -o "$DIR/$1" -w '%{time_total}\n' "$(url "/$1")" >"$DIR/$1.time" &
  DOWNLOADS+=($!)
}

# Waits for the downloads while others ask. These must have been many, and none may have waited for the disk.
others_are_served() {
  local answers slowest pid
  # shellcheck disable=SC2016 # that is for the other shell
  read -r answers slowest < <(peer busy "$PORT" bash -c \
    'for pid; do tail -f /dev/null --pid="$pid"; done' - "${DOWNLOADS[@]}")
  echo "$answers answers, the slowest after $slowest ms"
  [ "$answers" -ge 200 ] || fail "only $answers answers while the disk was slow" || return
  [ "$slowest" -lt $((SLOW_MS / 2)) ] || fail "one waited $slowest ms" || return
  for pid in "${DOWNLOADS[@]}"; do wait "$pid"; done
}

arrived_slowly() { # NAME
  cmp "$ROOT/$1" "$DIR/$1" || return
  awk -v least=$SLOW_MS '$1 * 1000 < least { exit 1 }' "$DIR/$1.time" ||
    fail "$1 took only $(<"$DIR/$1.time") s: the disk was not slow"
}

@test "a slow read holds up nobody else" {
  local DOWNLOADS=()
  head -c 1500000 /dev/urandom >"$ROOT/slow.bin"
  slow_disk
  download slow.bin
  others_are_served
  arrived_slowly slow.bin
}

@test "slow reads side by side, more than there are threads, hold up nobody else" {
  local DOWNLOADS=() i
  for i in 1 2 3 4 5 6; do
    head -c 600000 /dev/urandom >"$ROOT/slow$i.bin"
  done
  slow_disk
  for i in 1 2 3 4 5 6; do
    download slow$i.bin
  done
  others_are_served
  for i in 1 2 3 4 5 6; do
    arrived_slowly slow$i.bin
  done
}

@test "a small file that is slow to open and to read holds up nobody else" {
  local DOWNLOADS=()
  echo small >"$ROOT/slow.txt"
  slow_disk
  download slow.txt
  others_are_served
  arrived_slowly slow.txt
}

@test "who leaves during a slow read leaves nothing behind" {
  local DOWNLOADS=()
  head -c 1500000 /dev/urandom >"$ROOT/slow.bin"
  slow_disk
  # In the middle of the first read, after the opening.
  run curl -s --max-time "$((SLOW_MS * 3 / 2000)).$((SLOW_MS * 3 % 2000 / 200))" -o /dev/null "$(url /slow.bin)"
  assert_equal 28 "$status"
  assert_status 200 /index.html
  # What was under way is of use to the next one.
  download slow.bin
  others_are_served
  cmp "$ROOT/slow.bin" "$DIR/slow.bin"
}

# ---- a vast directory ----------------------------------------------------------------------------

ENTRIES=100000

vast_directory() {
  mkdir "$ROOT/vast"
  python3 -c 'import os, sys
os.chdir(sys.argv[1])
for i in range(int(sys.argv[2])): os.close(os.open(f"file {i}.txt", os.O_CREAT | os.O_WRONLY, 0o644))
' "$ROOT/vast" $ENTRIES
  httpd_config <<<"workers = 1;
    sites = ( { root = \"$ROOT\"; routes = ( { path = \"/*\"; files = { listing = true; }; } ); } );"
  httpd_start
}

@test "100,000 entries are listed, page by page and as JSON" {
  vast_directory
  local page last
  page=$(fetch /vast/ --max-time 60)
  assert_match 'href="\./file%200\.txt"' "$page"
  assert_match "$ENTRIES entries" "$page"
  assert_match 'page=2"' "$page"
  last=$(grep -oE 'page 1 of [0-9]+' <<<"$page" | grep -oE '[0-9]+$')
  assert_match "href=\"\./file%20$((ENTRIES - 1))\.txt\"" "$(fetch "/vast/?page=$last" --max-time 60)"
  fetch '/vast/?format=json' --max-time 60 | python3 -c 'import json, sys
page = json.load(sys.stdin)
rows = page["entries"] if isinstance(page, dict) else page
wanted = {f"file {i}.txt" for i in range(int(sys.argv[1]))}
assert len(rows) == len(wanted) and {row["name"] for row in rows} == wanted, len(rows)' $ENTRIES
}

@test "listing 100,000 entries holds up nobody else" {
  local rounds=6 answers slowest idle_slowest
  vast_directory
  read -r answers idle_slowest < <(peer busy "$PORT" sleep 1)
  read -r answers slowest < <(peer busy "$PORT" curl -s -f --max-time 120 --parallel --parallel-max 3 \
    -o /dev/null "$(url "/vast/?sort=size&round=[1-$rounds]")")
  echo "$answers answers, the slowest after $slowest ms; $idle_slowest ms before"
  # A worker that stands still for a listing answers once or twice for each.
  [ "$answers" -ge $((rounds * 10)) ] || fail "only $answers answers during $rounds listings"
  [ "$slowest" -lt $((1000 + 10 * idle_slowest)) ] || fail "one waited $slowest ms, $idle_slowest ms before"
}

#!/usr/bin/env bats
#
# A browser: listings are clicked through and looked at, a film plays and seeks.
#
# TEST_SHOTS=DIR keeps the screenshots.

load lib

setup() {
  httpd_setup
  command -v chromium >/dev/null || skip "chromium is not installed (./bootstrap check installs it)"
  command -v chromedriver >/dev/null || skip "chromedriver is not installed (./bootstrap check installs it)"
  SHOTS=$DIR/browser
  mkdir "$SHOTS"
}

teardown() { httpd_teardown; }

browser() { # CASE
  timeout --kill-after=10 300 python3 "$TOP/tests/e2e/browser.py" "$1" "$(url /)" "$SHOTS"
}

ODD_NAMES=('a b.txt' '100%.txt' '%41.txt' 'a#b.txt' 'who?x=1.txt' '<b>bold.txt' '"double".txt' "it's.txt"
  'a&amp;b.txt' 'javascript:alert(1).txt' 'http:..txt' 'back\slash.txt' 'שלום עולם.txt' 'مرحبا (2).txt' '漢字.txt'
  'größe;v=1.txt' '+plus+.txt' "$(printf 'unbreakable%.0s' {1..15}).txt"
  'a-name-without-a-place-to-break-it-that-goes-on-for-longer-than-any-telephone-is-wide-and-then-some.txt')

odd_files() {
  local name
  mkdir "$ROOT/odd"
  for name in "${ODD_NAMES[@]}"; do
    printf '%s\n' "$name" >"$ROOT/odd/$name"
  done
}

site() {
  rm "$ROOT/index.html"
  mkdir -p "$ROOT/folder/deep er" "$ROOT/sorted/a"
  printf '# Folder\n\n<b>This</b> says what this folder is for.\n' >"$ROOT/folder/README.md"
  echo 'a note' >"$ROOT/folder/note.txt"
  head -c 1234567 /dev/zero >"$ROOT/folder/data.bin"
  head -c 30000 /dev/zero >"$ROOT/sorted/large-old.txt"
  head -c 2000 /dev/zero >"$ROOT/sorted/middle-new.txt"
  head -c 10 /dev/zero >"$ROOT/sorted/small-middle.txt"
  touch -d '2001-01-01 UTC' "$ROOT/sorted/large-old.txt"
  touch -d '2011-01-01 UTC' "$ROOT/sorted/small-middle.txt"
  touch -d '2021-01-01 UTC' "$ROOT/sorted/middle-new.txt"
  odd_files
  httpd_config <<<"sites = ( { root = \"$ROOT\"; routes = ( { path = \"/*\"; files = { listing = true; }; } ); } );"
  httpd_start
}

@test "a listing is clicked through: folder, trail, README, file" {
  site
  browser browse
}

@test "the heads of the columns sort" {
  site
  browser sort
}

@test "files with odd names open by a click" {
  site
  browser odd
}

@test "a listing works without scripts" {
  site
  browser plain
}

@test "a listing fits a desk and a telephone, light and dark" {
  site
  browser looks
  if [ -n "${TEST_SHOTS-}" ]; then
    cp "$SHOTS"/*.png "$TEST_SHOTS/"
  fi
}

@test "the status page lives under load, is clean, and can be read without scripts" {
  command -v h2load >/dev/null || skip "h2load is not installed (./bootstrap check installs it)"
  httpd_config <<EOF
workers = 4;
sites = ( { names = [ "127.0.0.1" ]; root = "$ROOT";
            routes = ( { path = "/status"; handler = "status"; }, { path = "/*"; files = { }; } ); } );
EOF
  httpd_start
  local load
  (while h2load -n 200 -c 4 --rps=25 "$(url /)" >/dev/null; do :; done) 3>&- &
  load=$!
  browser status
  kill $load
  wait $load || true
  if [ -n "${TEST_SHOTS-}" ]; then
    cp "$SHOTS"/*.png "$TEST_SHOTS/"
  fi
}

ranges_asked() { # NUMBER of answers 206 to a range that does not begin at 0
  [ "$(grep -cE '^206 /film.webm bytes=[1-9][0-9]*-' "$ACCESS")" -ge "$1" ]
}

@test "a film plays, seeks to the middle and the end, by ranges" {
  httpd_config <<<"log = { access = \"$ACCESS\"; error = \"$ERRORS\"; format = \"\${status} \${path} \${http_range}\"; };"
  httpd_start
  browser film
  mv "$SHOTS/film.webm" "$ROOT/film.webm"
  chmod 644 "$ROOT/film.webm"
  echo '<!doctype html><title>Film</title><video src="film.webm" preload="metadata" controls></video>' >"$ROOT/video.html"
  browser video
  wait_until 5 ranges_asked 2 || fail "$(<"$ACCESS")"
  refute_match $'(^|\n)[45][0-9][0-9] /film' "$(<"$ACCESS")"
}

#!/usr/bin/env bats
#
# Content codings of files: compressed beforehand, or here and kept.

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' 'workers = 1;' "$@" | httpd_config
}

# A page that gains by compression, and by more work more: NAME [LINES] [WORD].
page() {
  awk -v n="${2:-2000}" -v word="${3:-hello}" 'BEGIN {
    for (i = 0; i < n; i++) printf "<p>%d %s %d</p>\n", i, word, i * i % 1009
  }' >"$ROOT/$1"
}

built_in() { # CODING
  case $1 in
    br) httpd --version | grep -q brotli ;;
    zstd) httpd --version | grep -q zstd ;;
  esac
}

coding_of() { # PATH ACCEPT-ENCODING [CURL-OPTION...]
  local path=$1 accept=$2
  shift 2
  field_of Content-Encoding "$path" -H "Accept-Encoding: $accept" "$@"
}

length_of() { # PATH ACCEPT-ENCODING
  field_of Content-Length "$1" -H "Accept-Encoding: $2"
}

assert_same() { # FILE PATH [CURL-OPTION...]
  local file=$1 path=$2
  shift 2
  fetch "$path" "$@" -o "$DIR/got"
  cmp "$file" "$DIR/got"
}

# ---- made here -----------------------------------------------------------------------------------

@test "nothing is compressed unless it is asked for" {
  configure
  page page.html
  httpd_start
  assert_equal '' "$(coding_of /page.html 'gzip, br, zstd')"
}

@test "curl --compressed gets what is in the file" {
  configure 'compress = true;'
  page page.html
  page large.txt 20000
  httpd_start
  for _ in 1 2; do
    assert_same "$ROOT/page.html" /page.html --compressed
    assert_same "$ROOT/large.txt" /large.txt --compressed
    assert_same "$ROOT/page.html" /page.html
  done
}

@test "each coding decodes to the file" {
  configure 'compress = true;'
  page page.html
  httpd_start
  fetch /page.html -H 'Accept-Encoding: gzip' -o "$DIR/page.gz"
  gzip -dc "$DIR/page.gz" | cmp - "$ROOT/page.html"
  for coding in br zstd; do
    built_in $coding || continue
    assert_equal $coding "$(coding_of /page.html $coding)"
    # Named by the client that decodes it: curl takes off only what it has asked for itself.
    assert_same "$ROOT/page.html" /page.html --compressed -H "Accept-Encoding: $coding"
  done
}

@test "weights decide" {
  configure 'compress = true;'
  page page.html
  httpd_start
  assert_equal gzip "$(coding_of /page.html 'gzip;q=1, br;q=0.5, zstd;q=0.5')"
  assert_equal '' "$(coding_of /page.html 'gzip;q=0')"
  assert_equal '' "$(coding_of /page.html 'gzip;q=0.5, identity')"
  assert_equal '' "$(coding_of /page.html deflate)"
  assert_equal '' "$(field_of Content-Encoding /page.html)"
  if built_in br; then
    assert_equal br "$(coding_of /page.html 'gzip, deflate, br, zstd')"
    assert_equal br "$(coding_of /page.html 'gzip;q=0.5, *')"
  fi
}

# bats test_tags=once
@test "types, sizes and codings are settings" {
  configure "sites = ( { root = \"$ROOT\"; compress = { types = [ \"text/css\", \"application/*\" ]; min_size = \"2k\"; codings = [ \"gzip\" ]; }; } );"
  page page.html
  page style.css
  page data.json
  page short.css 10
  page archive.zip
  httpd_start
  assert_equal '' "$(coding_of /page.html gzip)"
  assert_equal gzip "$(coding_of /style.css 'gzip, br, zstd')"
  assert_equal gzip "$(coding_of /data.json gzip)"
  assert_equal '' "$(coding_of /short.css gzip)"
  assert_equal '' "$(coding_of /archive.zip gzip)"
  assert_equal '' "$(field_of Vary /archive.zip)"
}

@test "a route can turn it off" {
  configure "sites = ( { root = \"$ROOT\"; compress = true; routes = (
    { path = \"/off/*\"; compress = false; files = { }; },
    { path = \"/*\"; files = { }; } ); } );"
  mkdir "$ROOT/off"
  page page.html
  page off/page.html
  httpd_start
  assert_equal gzip "$(coding_of /page.html gzip)"
  assert_equal '' "$(coding_of /off/page.html gzip)"
}

@test "what does not become smaller is sent as it is" {
  configure 'compress = true;'
  head -c 100000 /dev/urandom >"$ROOT/noise.txt"
  httpd_start
  for _ in 1 2; do
    assert_equal '' "$(coding_of /noise.txt 'gzip, br, zstd')"
    assert_same "$ROOT/noise.txt" /noise.txt --compressed
  done
}

@test "every answer varies, and a tag is one coding's own" {
  configure 'compress = true;'
  page page.html
  httpd_start
  local plain gzip
  plain=$(field_of ETag /page.html)
  gzip=$(field_of ETag /page.html -H 'Accept-Encoding: gzip')
  assert_match '^"' "$plain"
  assert_match '^W/".*-gz"$' "$gzip"
  assert_equal Accept-Encoding "$(field_of Vary /page.html)"
  assert_equal Accept-Encoding "$(field_of Vary /page.html -H 'Accept-Encoding: gzip')"
  assert_equal Accept-Encoding "$(field_of Vary /page.html -r 0-10)"
  assert_equal Accept-Encoding "$(field_of Vary /page.html -H 'Accept-Encoding: gzip' -H "If-None-Match: $gzip")"
  assert_equal 'text/html; charset=utf-8' "$(field_of Content-Type /page.html -H 'Accept-Encoding: gzip')"
}

@test "304 for the variant that the client has" {
  configure 'compress = true;'
  page page.html
  httpd_start
  local plain gzip
  plain=$(field_of ETag /page.html)
  gzip=$(field_of ETag /page.html -H 'Accept-Encoding: gzip')
  assert_status 304 /page.html -H 'Accept-Encoding: gzip' -H "If-None-Match: $gzip"
  assert_status 304 /page.html -H 'Accept-Encoding: gzip' -H "If-None-Match: \"x\", ${gzip#W/}"
  assert_status 200 /page.html -H 'Accept-Encoding: gzip' -H "If-None-Match: $plain"
  assert_status 200 /page.html -H "If-None-Match: $gzip"
  assert_status 304 /page.html -H "If-None-Match: $plain"
  assert_status 304 /page.html -H 'Accept-Encoding: gzip' -H "If-Modified-Since: $(field_of Last-Modified /page.html)"
  assert_status 412 /page.html -H 'Accept-Encoding: gzip' -H "If-Match: $gzip"
  assert_status 200 /page.html -H 'Accept-Encoding: gzip' -H "If-Match: $plain"
}

@test "ranges are of the file as it is" {
  configure 'compress = true;'
  page page.html
  httpd_start
  local gzip
  gzip=$(field_of ETag /page.html -H 'Accept-Encoding: gzip')
  assert_equal '' "$(coding_of /page.html gzip -r 100-199)"
  tail -c +101 "$ROOT/page.html" | head -c 100 >"$DIR/part"
  assert_same "$DIR/part" /page.html -H 'Accept-Encoding: gzip' -r 100-199
  assert_status 200 /page.html -H 'Accept-Encoding: gzip' -r 100-199 -H "If-Range: $gzip"
  assert_same "$ROOT/page.html" /page.html --compressed -r 100-199 -H "If-Range: $gzip"
}

@test "no-transform is heeded" {
  configure 'compress = true;'
  page page.html
  httpd_start
  assert_equal gzip "$(coding_of /page.html gzip)"
  assert_equal '' "$(coding_of /page.html gzip -H 'Cache-Control: no-transform')"
}

@test "HEAD says what GET says" {
  configure 'compress = { level = 1; };'
  page page.html
  httpd_start
  local accept
  for accept in gzip 'br, gzip' identity; do
    assert_equal "$(head_of /page.html -H "Accept-Encoding: $accept" | grep -vE '^(Date|X-Request-ID):')" \
      "$(head_of /page.html -I -H "Accept-Encoding: $accept" | grep -vE '^(Date|X-Request-ID):')"
  done
}

smaller_than() { # LENGTH
  [ "$(length_of /page.html gzip)" -lt "$1" ]
}

# bats test_tags=once
@test "the first visitor gets a quick version, later ones a small one" {
  configure 'compress = { level = 9; };'
  page page.html 10000
  httpd_start
  local quick
  quick=$(length_of /page.html gzip)
  [ "$quick" -lt "$(stat -c %s "$ROOT/page.html")" ]
  wait_until 10 smaller_than "$quick"
  assert_same "$ROOT/page.html" /page.html --compressed
}

is_new() { # WORD
  fetch /page.html -H 'Accept-Encoding: gzip' | gzip -dc | grep -q "$1"
}

# bats test_tags=once
@test "a changed file is compressed anew" {
  configure 'compress = true;'
  page page.html 2000 before
  httpd_start
  is_new before
  local tag
  tag=$(field_of ETag /page.html -H 'Accept-Encoding: gzip')
  page page.html 2000 after
  wait_until 5 is_new after
  refute_match "^$tag\$" "$(field_of ETag /page.html -H 'Accept-Encoding: gzip')"
}

@test "files that change while they are compressed are never mixed" {
  local files=300 seconds=5
  [ -z "${TEST_LONG-}" ] || files=10000 seconds=60
  configure 'compress = { codings = "gzip"; min_size = 0; };'
  httpd_start
  run python3 "$BATS_TEST_DIRNAME/mutate.py" "http://127.0.0.1:$PORT/" "$ROOT" $files $seconds
  echo "$output"
  assert_equal 0 "$status"
  refute_match ' 0 of them compressed' "$output"
}

@test "a thousand first visitors get the same" {
  configure 'compress = { level = 1; codings = "gzip"; };' \
    'limits = { connections = 2000; per_address = 2000; };'
  page page.html 20000
  httpd_start
  peer crowd "$PORT" 1000 /page.html gzip >"$DIR/crowd"
  assert_equal 1000 "$(wc -l <"$DIR/crowd")"
  assert_equal 1 "$(sort -u "$DIR/crowd" | wc -l)"
  assert_match "^200 gzip $(length_of /page.html gzip) " "$(head -n 1 "$DIR/crowd")"
}

# ---- compressed beforehand -----------------------------------------------------------------------

@test "a sibling is sent to who takes it, with no word in the configuration" {
  configure
  page page.html
  gzip -9 -k "$ROOT/page.html"
  httpd_start
  assert_equal gzip "$(coding_of /page.html gzip)"
  assert_equal "$(stat -c %s "$ROOT/page.html.gz")" "$(length_of /page.html gzip)"
  assert_same "$ROOT/page.html" /page.html --compressed
  assert_same "$ROOT/page.html" /page.html
  assert_equal 'text/html; charset=utf-8' "$(field_of Content-Type /page.html -H 'Accept-Encoding: gzip')"
}

@test "a sibling asked for by its own name is a file like others" {
  configure
  page page.html
  gzip -k "$ROOT/page.html"
  httpd_start
  assert_same "$ROOT/page.html.gz" /page.html.gz -H 'Accept-Encoding: gzip'
  assert_equal '' "$(coding_of /page.html.gz gzip)"
  assert_equal application/gzip "$(field_of Content-Type /page.html.gz)"
}

@test "siblings of an index, and the best of several" {
  configure
  echo br >"$ROOT/index.html.br"
  echo zst >"$ROOT/index.html.zst"
  gzip -k "$ROOT/index.html"
  httpd_start
  assert_equal br "$(fetch / -H 'Accept-Encoding: gzip, zstd, br')"
  assert_equal zst "$(fetch / -H 'Accept-Encoding: gzip, zstd')"
  assert_equal zst "$(fetch / -H 'Accept-Encoding: gzip;q=0.5, zstd, br;q=0.9')"
  assert_equal hello "$(fetch / --compressed -H 'Accept-Encoding: gzip')"
}

@test "a sibling older than its file is not sent" {
  configure
  echo old | gzip >"$ROOT/index.html.gz"
  touch -d '1 hour ago' "$ROOT/index.html.gz"
  httpd_start
  assert_equal '' "$(coding_of / gzip)"
  assert_equal hello "$(fetch / --compressed)"
}

serves() { # TEXT
  [ "$(fetch / --compressed)" = "$1" ]
}

# bats test_tags=once
@test "a sibling that goes stale, away and comes back" {
  configure
  echo first | gzip >"$ROOT/index.html.gz"
  httpd_start
  serves first
  echo second >"$ROOT/index.html"
  wait_until 5 serves second
  echo third | gzip >"$ROOT/index.html.gz"
  wait_until 5 serves third
  rm "$ROOT/index.html.gz"
  wait_until 5 serves second
}

@test "siblings can be turned off" {
  configure "sites = ( { root = \"$ROOT\"; files = { precompressed = false; }; } );"
  gzip -k "$ROOT/index.html"
  httpd_start
  assert_equal '' "$(coding_of / gzip)"
  assert_equal '' "$(field_of Vary /)"
}

@test "a large sibling is sent from its file" {
  configure
  page page.html 50000
  gzip -1 -k "$ROOT/page.html"
  httpd_start
  assert_same "$ROOT/page.html" /page.html --compressed
  assert_same "$ROOT/page.html.gz" /page.html -H 'Accept-Encoding: gzip'
}

@test "SVG that is compressed in its file is told to be so, and not compressed again" {
  configure 'compress = true;'
  page drawing.svg
  gzip "$ROOT/drawing.svg"
  mv "$ROOT/drawing.svg.gz" "$ROOT/drawing.svgz"
  httpd_start
  assert_equal gzip "$(field_of Content-Encoding /drawing.svgz)"
  assert_equal gzip "$(coding_of /drawing.svgz 'br, gzip')"
  assert_equal 'image/svg+xml' "$(field_of Content-Type /drawing.svgz)"
  assert_equal '' "$(field_of Vary /drawing.svgz)"
  assert_same "$ROOT/drawing.svgz" /drawing.svgz
  assert_same <(gzip -dc <"$ROOT/drawing.svgz") /drawing.svgz --compressed
  assert_status 206 /drawing.svgz -r 0-9
}

# ---- mistakes ------------------------------------------------------------------------------------

# bats test_tags=once
@test "mistakes in compress are told" {
  printf '%s\n' 'compress = { types = [ "html" ]; codings = [ "deflate" ]; level = 12; };' | httpd_config
  run ! httpd --test --config "$CONF"
  assert_match "compress.types: 'html' is not a media type" "$output"
  assert_match "compress.codings: 'deflate' is not a coding" "$output"
  assert_match 'compress.level' "$output"
}

#!/usr/bin/env bats
#
# Files: names to paths, types, listings, validators, and what lies outside of the root.

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' "$@" | httpd_config
}

files() { # SETTINGS: of the only route
  configure "sites = ( { root = \"$ROOT\"; routes = ( { path = \"/*\"; files = { $1 }; } ); } );"
}

# ---- names ---------------------------------------------------------------------------------------

# bats test_tags=once
@test "names with spaces, percent signs and letters of any script" {
  configure
  local name
  for name in 'a b.txt' '100%.txt' 'größe.txt' '漢字.txt' 'a+b.txt' "it's.txt" 'a;b=c.txt'; do
    echo "$name" >"$ROOT/$name"
  done
  httpd_start
  for name in 'a b.txt' '100%.txt' 'größe.txt' '漢字.txt' 'a+b.txt' "it's.txt" 'a;b=c.txt'; do
    assert_equal "$name" "$(fetch "/$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$name")")"
  done
}

@test "a query does not change the file" {
  configure
  httpd_start
  assert_equal hello "$(fetch '/index.html?a=b&c')"
}

@test "404 for what is not there, also below a file" {
  configure
  httpd_start
  assert_status 404 /missing
  assert_status 404 /missing/deep
  assert_status 404 /index.html/more
}

@test "403 for what the worker can not read" {
  configure
  echo secret >"$ROOT/secret.txt"
  chmod 000 "$ROOT/secret.txt"
  httpd_start
  assert_status 403 /secret.txt
}

@test "neither a socket nor a pipe is served, and none holds a worker" {
  configure 'workers = 1;'
  mkfifo "$ROOT/pipe"
  httpd_start
  assert_match '^40[34]$' "$(status_of /pipe)"
  assert_status 200 /
}

# ---- directories ---------------------------------------------------------------------------------

@test "a directory without its slash is redirected, with the query" {
  configure
  mkdir "$ROOT/sub"
  echo sub >"$ROOT/sub/index.html"
  httpd_start
  assert_status 301 '/sub?a=b'
  assert_match '/sub/\?a=b$' "$(field_of Location '/sub?a=b')"
  assert_equal sub "$(fetch /sub/)"
}

@test "a redirect does not leave the site" {
  configure
  mkdir -p "$ROOT/example.org"
  httpd_start
  refute_match '^//' "$(field_of Location //example.org)"
}

# bats test_tags=once
@test "index names are tried in order" {
  files 'index = [ "first.html", "index.html" ];'
  mkdir "$ROOT/a" "$ROOT/b"
  echo first >"$ROOT/a/first.html"
  echo second >"$ROOT/a/index.html"
  echo second >"$ROOT/b/index.html"
  httpd_start
  assert_equal first "$(fetch /a/)"
  assert_equal second "$(fetch /b/)"
}

@test "a listing shows names, escaped, and links that work" {
  files 'listing = true;'
  mkdir "$ROOT/list" "$ROOT/list/folder"
  local name='<b>&"x y%.txt'
  echo odd >"$ROOT/list/$name"
  echo plain >"$ROOT/list/plain.txt"
  httpd_start
  local page link
  page=$(fetch /list/)
  refute_match '<b>' "$page"
  assert_match '&lt;b&gt;' "$page"
  assert_match 'href="(\./)?folder/"' "$page"
  link=$(grep -o 'href="[^"]*%3[Cc]b[^"]*"' <<<"$page" | head -n 1 | cut -d'"' -f2)
  assert_equal odd "$(fetch "/list/${link#./}")"
}

@test "wget mirrors a tree by its listings" {
  files 'listing = true;'
  mkdir -p "$ROOT/tree/a b/deep" "$ROOT/tree/empty"
  echo one >"$ROOT/tree/one.txt"
  echo two >"$ROOT/tree/a b/two & more.txt"
  echo three >"$ROOT/tree/a b/deep/three.txt"
  httpd_start
  wget -q -r -np -nH --cut-dirs=1 -R 'index.html*' --tries=1 --timeout=10 -P "$DIR/mirror" "$(url /tree/)"
  diff -r -x empty "$ROOT/tree" "$DIR/mirror"
}

@test "without listing a directory without index is 403 or 404" {
  files 'listing = false;'
  mkdir "$ROOT/list"
  httpd_start
  assert_match '^40[34]$' "$(status_of /list/)"
}

@test "a directory given on the command line is listed" {
  mkdir "$ROOT/list"
  echo x >"$ROOT/list/some-name.txt"
  httpd_start --port "$PORT" "$ROOT"
  assert_match 'some-name.txt' "$(fetch /list/)"
}

# ---- outside of the root -------------------------------------------------------------------------

@test "nothing above the root can be named" {
  configure
  echo outside >"$DIR/outside.txt"
  httpd_start
  local path
  for path in /../outside.txt /%2e%2e/outside.txt /..%2foutside.txt /.%2e/outside.txt /a/../../outside.txt \
    //../outside.txt '/..\outside.txt' /%2e%2e%2foutside.txt /./../outside.txt; do
    assert_match '^40[034]$' "$(status_of "$path")"
    refute_match outside "$(fetch "$path" | grep -v outside.txt)"
  done
}

@test "a symbolic link within the root is followed, one that leads out is not" {
  configure
  echo outside >"$DIR/outside.txt"
  ln -s index.html "$ROOT/within.html"
  ln -s ../outside.txt "$ROOT/out.txt"
  ln -s "$DIR/outside.txt" "$ROOT/absolute.txt"
  ln -s .. "$ROOT/up"
  httpd_start
  assert_equal hello "$(fetch /within.html)"
  assert_match '^40[34]$' "$(status_of /out.txt)"
  assert_match '^40[34]$' "$(status_of /absolute.txt)"
  assert_match '^40[34]$' "$(status_of /up/outside.txt)"
}

# ---- types ---------------------------------------------------------------------------------------

type_of() { # NAME
  echo x >"$ROOT/$1"
  field_of Content-Type "/$1"
}

# bats test_tags=once
@test "follow_links lets symbolic links lead out of the root" {
  files 'follow_links = true;'
  echo outside >"$DIR/outside.txt"
  ln -s "$DIR/outside.txt" "$ROOT/out.txt"
  ln -s ../outside.txt "$ROOT/relative.txt"
  httpd_start
  assert_equal outside "$(fetch /out.txt)"
  assert_equal outside "$(fetch /relative.txt)"
}

# bats test_tags=once
@test "media types by extension" {
  configure
  httpd_start
  assert_match '^text/html' "$(type_of a.html)"
  assert_match '^text/css' "$(type_of a.css)"
  assert_match '^text/plain' "$(type_of a.txt)"
  assert_match '^(text|application)/javascript' "$(type_of a.js)"
  assert_match '^application/json' "$(type_of a.json)"
  assert_match '^image/png' "$(type_of a.png)"
  assert_match '^image/jpeg' "$(type_of a.JPG)"
  assert_match '^image/svg\+xml' "$(type_of a.svg)"
  assert_match '^application/wasm' "$(type_of a.wasm)"
  assert_match '^application/octet-stream' "$(type_of a.unheard-of)"
}

# bats test_tags=once
@test "mime_types adds to the table and overrides it" {
  printf '%s\n' '# comment' 'text/x-own   own other' 'text/x-plain txt' >"$DIR/mime.types"
  configure "mime_types = \"$DIR/mime.types\";"
  httpd_start
  assert_match '^text/x-own' "$(type_of a.own)"
  assert_match '^text/x-own' "$(type_of a.other)"
  assert_match '^text/x-plain' "$(type_of a.txt)"
  assert_match '^text/html' "$(type_of a.html)"
}

# ---- validators ----------------------------------------------------------------------------------

# bats test_tags=once
@test "how long clients keep a file, by type and by a digest in its name" {
  files 'max_age = "1h"; immutable = true; ages = ( { types = [ "image/*" ]; max_age = "30d"; } );'
  touch "$ROOT/a.txt" "$ROOT/a.png" "$ROOT/app.3f2a9c1b.js"
  httpd_start
  assert_equal 'max-age=3600' "$(field_of Cache-Control /a.txt)"
  assert_equal 'max-age=2592000' "$(field_of Cache-Control /a.png)"
  assert_equal 'max-age=31536000, immutable' "$(field_of Cache-Control /app.3f2a9c1b.js)"
}

@test "Last-Modified is the file's time, ETag is quoted" {
  configure
  touch -d '2020-02-03 04:05:06 UTC' "$ROOT/index.html"
  httpd_start
  assert_equal 'Mon, 03 Feb 2020 04:05:06 GMT' "$(field_of Last-Modified /)"
  assert_match '^(W/)?".+"$' "$(field_of ETag /)"
}

@test "304 for the same entity tag and for an unchanged date" {
  configure
  httpd_start
  local tag date
  tag=$(field_of ETag /)
  date=$(field_of Last-Modified /)
  assert_status 304 / -H "If-None-Match: $tag"
  assert_status 304 / -H "If-None-Match: \"other\", $tag"
  assert_status 304 / -H 'If-None-Match: *'
  assert_status 200 / -H 'If-None-Match: "other"'
  assert_status 304 / -H "If-Modified-Since: $date"
  assert_status 200 / -H 'If-Modified-Since: Mon, 03 Feb 2020 04:05:06 GMT'
  assert_status 200 / -H "If-None-Match: \"other\"" -H "If-Modified-Since: $date"
}

@test "304 has no content and keeps the connection in step" {
  configure
  httpd_start
  local h='Host: localhost\r\n'
  assert_equal '304 200' \
    "$(raw_statuses "GET / HTTP/1.1\r\n${h}If-None-Match: *\r\n\r\nGET / HTTP/1.1\r\n${h}Connection: close\r\n\r\n")"
}

# ---- content -------------------------------------------------------------------------------------

@test "files of awkward sizes arrive whole" {
  configure
  local size sizes='0 1 4095 4096 4097 16383 16384 16385 65537'
  for size in $sizes; do
    head -c "$size" /dev/urandom >"$ROOT/$size.bin"
  done
  httpd_start
  for size in $sizes; do
    fetch "/$size.bin" -o "$DIR/got" --max-time 60
    cmp "$ROOT/$size.bin" "$DIR/got"
  done
}

changed() { # TEXT
  [ "$(fetch /index.html)" = "$1" ]
}

@test "large downloads at the same time all end" {
  local size=$((300 << 20)) pids=() pid i
  # A few bytes a call would take hours.
  [ -z "${TEST_SHIM-}" ] || size=300000
  configure 'workers = 1;'
  truncate -s "$size" "$ROOT/large.bin"
  httpd_start
  for i in 1 2 3 4; do
    curl -s --max-time 60 -o /dev/null -w '%{size_download}' "$(url /large.bin)" >"$DIR/got.$i" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  for i in 1 2 3 4; do
    assert_equal "$size" "$(cat "$DIR/got.$i")"
  done
}

# bats test_tags=once
@test "a changed file is seen within two seconds" {
  configure
  httpd_start
  assert_equal hello "$(fetch /index.html)"
  echo 'changed and longer' >"$ROOT/index.html"
  wait_until 2 changed 'changed and longer' || fail "still: $(fetch /index.html)"
  echo 'replaced' >"$DIR/new.html"
  mv "$DIR/new.html" "$ROOT/index.html"
  wait_until 2 changed replaced || fail "still: $(fetch /index.html)"
}

vanished() { [ "$(status_of /index.html)" = 404 ]; }

# bats test_tags=once
@test "a removed file is gone within two seconds" {
  configure
  httpd_start
  assert_status 200 /index.html
  rm "$ROOT/index.html"
  wait_until 2 vanished
}

@test "a route's own root takes what the star stands for" {
  mkdir "$DIR/app"
  echo app >"$DIR/app/x.js"
  configure "sites = ( { root = \"$ROOT\"; routes = (
    { path = \"/app/*\"; files = { root = \"$DIR/app\"; }; }, { path = \"/*\"; files = { }; } ); } );"
  httpd_start
  assert_equal app "$(fetch /app/x.js)"
  assert_equal hello "$(fetch /index.html)"
}

@test "many files at once" {
  needs_reuse
  configure
  local i
  for i in {1..300}; do
    echo "$i" >"$ROOT/$i.txt"
  done
  httpd_start
  curl -sS --parallel --parallel-max 20 "$(url '/[1-300].txt')" -o "$DIR/#1.got"
  for i in {1..300}; do
    assert_equal "$i" "$(cat "$DIR/$i.got")"
  done
}

#!/usr/bin/env bats
#
# Answers of handlers compressed while they are sent; a listing of a directory stands for them.

load lib
setup() {
  httpd_setup
  mkdir "$ROOT/many" "$ROOT/few"
  touch "$ROOT/many/file-"{001..400} "$ROOT/few/one"
  cat >"$DIR/sites" <<EOF
compress = { min_size = "10k"; };
sites = ( { root = "$ROOT"; routes = (
  { path = "/plain/*"; compress = false; files = { root = "$ROOT"; listing = true; }; },
  { path = "/*"; files = { listing = true; }; } ); } );
EOF
}
teardown() { httpd_teardown; }

start() {
  httpd_config <"$DIR/sites"
  httpd_start
}

fields() { # PATH [CURL-OPTION...]; those of interest, in lower case
  head_of "$@" | tr '[:upper:]' '[:lower:]' | grep -E '^(content-encoding|vary|content-length|transfer-encoding):' | sort
}

@test "each coding, over HTTP/1.1 and HTTP/2" {
  start
  local wanted coding version built_in=gzip
  if httpd --version | grep -q brotli; then built_in+=' br'; fi
  if httpd --version | grep -q zstd; then built_in+=' zstd'; fi
  wanted=$(fetch /many/ | sha256sum)
  for version in --http1.1 --http2-prior-knowledge; do
    for coding in $built_in; do
      assert_match "content-encoding: $coding" "$(fields /many/ "$version" -H "Accept-Encoding: $coding")"
      assert_match 'vary: accept, accept-encoding' "$(fields /many/ "$version" -H "Accept-Encoding: $coding")"
    done
    assert_equal "$wanted" "$(fetch /many/ "$version" --compressed -H 'Accept-Encoding: gzip' | sha256sum)"
  done
}

@test "long content has no length to HTTP/1.1, and ends with the connection to HTTP/1.0" {
  start
  refute_match 'content-length' "$(fields /many/ -H 'Accept-Encoding: gzip')"
  assert_match 'transfer-encoding: chunked' "$(fields /many/ -H 'Accept-Encoding: gzip')"
  assert_equal "$(fetch /many/ | sha256sum)" "$(fetch /many/ --http1.0 --compressed -H 'Accept-Encoding: gzip' | sha256sum)"
}

@test "HEAD has the fields of GET" {
  start
  assert_equal "$(fields /many/ -H 'Accept-Encoding: gzip' | grep -v transfer)" "$(fields /many/ -I -H 'Accept-Encoding: gzip')"
  assert_match 'content-encoding: gzip' "$(fields /many/ -I -H 'Accept-Encoding: gzip')"
}

@test "short content, refused codings and routes without compression come as they are" {
  start
  assert_equal 'vary: accept' "$(fields /few/ -H 'Accept-Encoding: gzip' | grep -v length)"
  refute_match 'content-encoding' "$(fields /many/ -H 'Accept-Encoding: gzip;q=0')"
  assert_match 'vary: accept, accept-encoding' "$(fields /many/ -H 'Accept-Encoding: gzip;q=0')"
  refute_match 'content-encoding' "$(fields /many/ -H 'Accept-Encoding: gzip' -H 'Cache-Control: no-transform')"
  refute_match 'encoding' "$(fields /plain/many/ -H 'Accept-Encoding: gzip' | grep -v transfer)"
}

@test "files keep variants of their own" {
  head -c 20000 /dev/zero >"$ROOT/zero.txt"
  start
  local etag
  etag=$(field_of ETag /zero.txt -H 'Accept-Encoding: gzip')
  assert_match '^W/".*-gz"$' "$etag"
  assert_equal 304 "$(status_of /zero.txt -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag")"
  assert_equal "$etag" "$(field_of ETag /zero.txt -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag")"
}

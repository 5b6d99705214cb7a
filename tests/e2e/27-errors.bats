#!/usr/bin/env bats
#
# Error answers: the server's own plain ones by Accept, and a site's pages in their place.

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

site() { # SETTINGS
  httpd_config <<<"sites = ( { root = \"$ROOT\"; $1 } );"
}

@test "plain errors come as HTML, JSON or text, as the client likes" {
  site ''
  httpd_start
  local url
  url=$(url /none)
  assert_match 'text/html' "$(curl -s -o /dev/null -w '%{content_type}' "$url")"
  assert_equal 'application/problem+json' \
    "$(curl -s -o "$DIR/json" -w '%{content_type}' -H 'Accept: application/json' "$url")"
  assert_equal 404 "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["status"])' "$DIR/json")"
  assert_match '^404 Not Found' "$(curl -s -H 'Accept: text/plain' "$url")"
}

@test "a site's own page has the original status and its own type" {
  echo '<h1>lost</h1>' >"$ROOT/404.html"
  site 'errors = ( { status = [ 404, 410 ]; file = "/404.html"; } );'
  httpd_start
  output=$(fetch /none -i | old_names)
  assert_match '^HTTP/[12.]+ 404' "$output"
  assert_match 'Content-Type: text/html; charset=utf-8' "$output"
  assert_match 'Content-Length: 14' "$output"
  assert_match '<h1>lost</h1>' "$output"
  assert_status 200 /404.html
  assert_status 405 / -X DELETE
}

@test "HEAD has the page's length and no content" {
  needs_reuse
  echo '<h1>lost</h1>' >"$ROOT/404.html"
  site 'errors = ( { status = [ 404 ]; file = "/404.html"; } );'
  httpd_start
  output=$(fetch /none -I "$(url /)" | old_names)
  assert_match 'Content-Length: 14' "$output"
  assert_match 'HTTP/[12.]+ 200' "$output"
}

@test "a program that asks for JSON gets problem details, not the page" {
  echo lost >"$ROOT/404.html"
  site 'errors = ( { status = [ 404 ]; file = "/404.html"; } );'
  httpd_start
  assert_match '"status":404' "$(curl -s -H 'Accept: application/json' "$(url /none)")"
}

# bats test_tags=once
@test "a changed page is sent within two seconds, a removed one stays as it was" {
  echo one >"$ROOT/404.html"
  site 'errors = ( { status = 404; file = "/404.html"; } );'
  httpd_start
  page_is() { [ "$(fetch /none)" = "$1" ]; }
  page_is one
  echo another >"$ROOT/404.new"
  mv "$ROOT/404.new" "$ROOT/404.html"
  wait_until 5 page_is another
  rm "$ROOT/404.html"
  complains() { page_is another && grep -q 'cannot read error page' "$ERRORS"; }
  wait_until 5 complains
  page_is another
}

# bats test_tags=once
@test "a page that is not there is a mistake in the configuration" {
  site 'errors = ( { status = [ 404 ]; file = "/none.html"; }, { status = [ 200 ]; file = "x"; } );'
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "errors.file: '$ROOT/none.html': No such file" "$output"
  assert_match "'x' does not begin with '/'" "$output"
  assert_match '200 is out of range' "$output"
}

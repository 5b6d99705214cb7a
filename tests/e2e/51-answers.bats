#!/usr/bin/env bats
#
# Answers that the configuration makes: redirects, fixed answers, fields of all answers, use by other sites. Each is
# asked over HTTP/1.1 and HTTP/2.

# Variables in quotes are the server's to put in.
# shellcheck disable=SC2016

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

routes() { # ROUTES [SETTINGS OF THE SITE]
  httpd_config <<<"sites = ( { root = \"$ROOT\"; ${2-} routes = ( $1, { path = \"/*\"; files = { }; } ); } );"
}

# Runs the command with each version of HTTP as its last arguments.
over_both() { # COMMAND [ARGUMENT...]
  "$@" --http1.1 || fail "with HTTP/1.1" || return
  "$@" --http2-prior-knowledge || fail "with HTTP/2"
}

field_is() { # WANTED NAME PATH [CURL-OPTION...]
  local wanted=$1
  shift
  assert_equal "$wanted" "$(field_of "$@")"
}

lines_of() { # COUNT NAME PATH [CURL-OPTION...]; how often the field is there
  local count=$1 name=$2
  shift 2
  assert_equal "$count" "$(head_of "$@" | grep -ci "^$name:")"
}

content_is() { # WANTED PATH [CURL-OPTION...]
  local wanted=$1
  shift
  assert_equal "$wanted" "$(fetch "$@")"
}

# ---- redirects -----------------------------------------------------------------------------------

@test "a redirect leads to its target, with the rest of the path and the query" {
  routes '{ path = "/old/*"; redirect = "/new/${*}"; status = 301; },
          { path = "/away/:name"; redirect = "https://${name}.example.org/a?b#c"; }'
  httpd_start
  over_both assert_status 301 /old/a
  over_both field_is '/new/a%20b/c?d=e%20f' Location '/old/a%20b/c?d=e%20f'
  over_both field_is 'https://www.example.org/a?b#c' Location '/away/www?x=y'
  over_both assert_status 302 /away/www
}

@test "whoever follows a redirect gets the file" {
  mkdir "$ROOT/new"
  echo content >"$ROOT/new/a b"
  routes '{ path = "/old/*"; redirect = "/new/${*}"; status = 308; }'
  httpd_start
  content_is content /old/a%20b -L --http1.1
  # Not with -L: older versions of curl can not use such a connection twice.
  content_is content "$(field_of Location /old/a%20b --http2-prior-knowledge)" --http2-prior-knowledge
}

@test "HEAD of a redirect says how long its page is, and sends none" {
  routes '{ path = "/old"; redirect = "/new"; }'
  httpd_start
  over_both field_is text/html\;\ charset=utf-8 Content-Type /old -I
  over_both field_is "$(fetch /old | wc -c)" Content-Length /old -I
  assert_match '<a href="/new">' "$(fetch /old)"
}

@test "each method keeps its redirect, each status its meaning" {
  local status
  for status in 301 302 303 307 308; do
    echo "{ path = \"/$status\"; redirect = \"/new\"; status = $status; },"
  done >"$DIR/routes"
  routes "$(cat "$DIR/routes") { path = \"/x\"; respond = \"x\"; }"
  httpd_start
  for status in 301 302 303 307 308; do
    over_both assert_status $status /$status -X POST -d content
  done
}

@test "a client can not choose where a redirect leads, nor add a field" {
  routes '{ path = "/go/*"; redirect = "${*}"; },
          { path = "/host/*"; redirect = "https://${*}.example.org/"; },
          { path = "*.htm"; redirect = "/${*}"; }'
  httpd_start
  over_both field_is /evil.example.com Location //go//evil.example.com
  over_both field_is /https:/evil.example.com Location /go/https://evil.example.com
  over_both field_is '/%5Cevil.example.com' Location '/go/%5Cevil.example.com'
  over_both field_is /evil.example.com/x Location //evil.example.com/x.htm
  over_both field_is '/a%0D%0ASet-Cookie:%20b=c' Location '/go/a%0d%0aSet-Cookie:%20b=c'
  over_both lines_of 0 Set-Cookie '/go/a%0d%0aSet-Cookie:%20b=c'
  over_both assert_status 404 /host/evil.example.com/
  over_both assert_status 404 '/host/evil.example.com%23'
}

@test "mistakes of redirects are told, all at once" {
  routes '{ path = "/a"; redirect = "https://${http_host}/"; },
          { path = "/b"; redirect = "/x y"; status = 304; },
          { path = "/c"; respond = "x"; status = 301; }'
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match 'clients could choose the host' "$output"
  assert_match 'a URL has no spaces' "$output"
  assert_match 'status: 304 is not of a redirect' "$output"
  assert_match 'status: goes with a redirect' "$output"
}

# ---- fixed answers -------------------------------------------------------------------------------

@test "an answer from the configuration, with a value escaped for its type" {
  routes '{ path = "/hello/:name"; respond = { type = "application/json"; body = "{\"hello\": \"${name}\"}"; }; },
          { path = "/page/:name"; respond = { type = "text/html"; body = "<p>${name}</p>"; }; },
          { path = "/text"; respond = "for ${method}\n"; }'
  httpd_start
  over_both content_is '{"hello": "w\"o\\r<"}' '/hello/w%22o%5cr%3c'
  over_both content_is '<p>&lt;b&gt;</p>' '/page/%3cb%3e'
  over_both content_is 'for PUT' /text -X PUT
  over_both field_is 'text/html; charset=utf-8' Content-Type /page/x
  over_both field_is nosniff X-Content-Type-Options /page/x
  fetch /hello/%c3%a4%ff%22 | python3 -c 'import json, sys; json.load(sys.stdin)'
}

@test "an answer has the status and the fields that it was given" {
  routes '{ path = "/made"; respond = { status = 201; headers = ( "Location: /x", "Retry-After: 5" ); }; },
          { path = "/none"; respond = { status = 204; }; },
          { path = "/gone"; respond = { status = 410; }; }' \
    'errors = ( { status = 410; file = "/gone.html"; } );'
  echo 'it is gone' >"$ROOT/gone.html"
  httpd_start
  over_both assert_status 201 /made
  over_both field_is 5 Retry-After /made
  over_both assert_status 204 /none
  over_both lines_of 0 Content-Type /none
  over_both lines_of 0 Content-Length /none
  over_both assert_status 410 /gone
  over_both content_is 'it is gone' /gone
}

@test "an answer does not stop at content that nobody reads" {
  routes '{ path = "/no"; respond = { status = 403; body = "no"; }; }'
  httpd_start
  head -c 300000 /dev/zero >"$DIR/large"
  over_both content_is no /no --data-binary "@$DIR/large"
}

# ---- fields of all answers -----------------------------------------------------------------------

@test "fields are on every answer, and those that are not wanted on none" {
  routes '{ path = "/old"; redirect = "/"; }, { path = "/say"; respond = "x"; }' \
    'headers = { set = ( "X-Frame-Options: DENY", "X-Answer: ${status}" ); remove = [ "Server", "ETag" ]; };'
  httpd_start
  local path
  for path in /index.html /old /say /none; do
    over_both field_is DENY X-Frame-Options $path
    over_both lines_of 0 Server $path
    over_both lines_of 0 ETag $path
    over_both lines_of 1 Date $path
  done
  over_both field_is 404 X-Answer /none
  over_both field_is 405 X-Answer /index.html -X DELETE
  over_both content_is hello /index.html
}

@test "a file that did not change has the fields, too" {
  routes '{ path = "/x"; respond = "x"; }' 'headers = { set = ( "Cache-Control: no-cache", "Server: other" ); };'
  httpd_start
  local tag
  tag=$(field_of ETag /index.html)
  over_both assert_status 304 /index.html -H "If-None-Match: $tag"
  over_both field_is no-cache Cache-Control /index.html -H "If-None-Match: $tag"
  over_both field_is "$tag" ETag /index.html -H "If-None-Match: $tag"
  over_both field_is other Server /index.html
}

@test "what a route says takes the place of what its site says" {
  routes '{ path = "/a"; respond = "x"; headers = { set = ( "X-A: route" ); }; },
          { path = "/b"; respond = "x"; }' 'headers = { set = ( "X-A: site", "X-B: site" ); };'
  httpd_start
  over_both field_is route X-A /a
  over_both lines_of 0 X-B /a
  over_both field_is site X-A /b
}

@test "a request that is no HTTP is answered without a site's fields" {
  routes '{ path = "/x"; respond = "x"; }' 'headers = { set = ( "X-A: b" ); };'
  httpd_start
  run raw 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'
  assert_match '^HTTP/1.1 400 ' "$output"
  refute_match 'X-A' "$output"
}

@test "fields by which content is framed are refused" {
  routes '{ path = "/x"; respond = { headers = ( "Connection: close" ); }; }' \
    'headers = { set = ( "Content-Length: 5" ); remove = [ "Date" ]; add = ( "X" ); };'
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "headers.set: 'Content-Length: 5': the server alone decides" "$output"
  assert_match "headers.remove: 'Date': the server alone decides" "$output"
  assert_match "headers.add: 'X': expected \"Name: value\"" "$output"
  assert_match "respond.headers: 'Connection: close': the server alone decides" "$output"
}

# ---- use by other sites --------------------------------------------------------------------------

APP='Origin: https://app.example.org'

@test "an origin that is listed may read the answer, and caches know" {
  routes '{ path = "/x"; respond = "x"; }' \
    'cors = { origins = [ "https://app.example.org", "https://*.example.net" ]; credentials = true; };'
  httpd_start
  over_both field_is https://app.example.org Access-Control-Allow-Origin /index.html -H "$APP"
  over_both field_is true Access-Control-Allow-Credentials /index.html -H "$APP"
  over_both field_is https://a.example.net Access-Control-Allow-Origin /none -H 'Origin: https://a.example.net'
  over_both lines_of 0 Access-Control-Allow-Origin /index.html -H 'Origin: https://evil.example'
  over_both field_is Origin Vary /x
  over_both field_is 'Accept-Encoding, Origin' Vary /index.html
  over_both field_is 'Accept, Origin' Vary /none
}

@test "a preflight is answered with 204, and no handler sees it" {
  routes '{ path = "/api"; methods = [ "GET", "PUT" ]; respond = { status = 500; body = "x"; };
            cors = { origins = [ "https://app.example.org" ]; }; }'
  httpd_start
  local ask=(-X OPTIONS -H "$APP" -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: x-a')
  over_both assert_status 204 /api "${ask[@]}"
  over_both field_is https://app.example.org Access-Control-Allow-Origin /api "${ask[@]}"
  over_both field_is 'GET, HEAD, PUT' Access-Control-Allow-Methods /api "${ask[@]}"
  over_both field_is x-a Access-Control-Allow-Headers /api "${ask[@]}"
  over_both field_is 86400 Access-Control-Max-Age /api "${ask[@]}"
  over_both lines_of 1 Vary /api "${ask[@]}"
  over_both assert_status 500 /api -X PUT -H "$APP"
}

@test "everybody, but not with the user's credentials" {
  routes '{ path = "/x"; respond = "x"; cors = "*"; }'
  httpd_start
  over_both field_is '*' Access-Control-Allow-Origin /x
  over_both lines_of 0 Vary /x
  routes '{ path = "/x"; respond = "x"; cors = { origins = "*"; credentials = true; }; }'
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "'\*' with credentials: any page could act for the user" "$output"
}

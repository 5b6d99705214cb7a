#!/usr/bin/env bats
#
# Answers kept in memory: each answer has the id of the request that it was made for.

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [SETTINGS-AT-THE-TOP]
  httpd_config <<EOF
workers = 1;
$1
sites = ( { root = "$ROOT"; cache = true; routes = (
  { path = "/minute"; respond = { body = "\${request_id}"; headers = ( "Cache-Control: max-age=60", "ETag: \"one\"" ); }; },
  { path = "/second"; respond = { body = "\${request_id}"; headers = ( "Cache-Control: max-age=1" ); }; },
  { path = "/while"; respond = { body = "\${request_id}"; headers = ( "Cache-Control: max-age=1, stale-while-revalidate=60" ); }; },
  { path = "/never"; respond = { body = "\${request_id}"; headers = ( "Cache-Control: no-store" ); }; },
  { path = "/vary"; respond = { body = "\${request_id}"; headers = ( "Cache-Control: max-age=60", "Vary: Accept-Language" ); }; },
  { path = "/large"; compress = true; respond = { type = "text/html"; body = "\${request_id} $(printf '%04000d' 0)";
    headers = ( "Cache-Control: max-age=60", "ETag: \"one\"" ); }; },
  { path = "/denied"; deny = [ "all" ]; respond = { body = "x"; headers = ( "Cache-Control: max-age=60" ); }; },
  { path = "/mine"; cache = { ttl = "1m"; }; respond = "\${http_x_name}"; },
  { path = "/yours"; cache = { ttl = "1m"; }; redirect = "/for/\${http_x_name}"; status = 301; },
  { path = "/ours/*"; cache = { ttl = "1m"; }; respond = "\${*} at \${time_unix}"; },
  { path = "/*"; files = { }; } ); } );
EOF
}

@test "the second request gets the first one's answer, over HTTP/1.1 and HTTP/2" {
  configure
  httpd_start
  local first version
  first=$(fetch /minute)
  for version in --http1.1 --http2-prior-knowledge; do
    assert_equal "$first" "$(fetch /minute "$version")"
    assert_match '^httpd; hit; ttl=[0-9]+$' "$(field_of Cache-Status /minute "$version")"
    assert_match '^[0-9]$' "$(field_of Age /minute "$version")"
    assert_equal 304 "$(status_of /minute "$version" -H 'If-None-Match: "one"')"
    assert_equal "$first" "$(fetch /minute "$version")"
  done
  assert_match "content-length: ${#first}" "$(head_of /minute -I | tr '[:upper:]' '[:lower:]')"
  assert_match 'uri-miss; fwd-status=200; stored' "$(field_of Cache-Status '/minute?other')"
  [ "$(fetch '/minute?other')" != "$first" ]
}

@test "a client can ask for a new one, or for none" {
  configure
  httpd_start
  local first
  first=$(fetch /minute)
  [ "$(fetch /minute -H 'Cache-Control: no-cache')" != "$first" ]
  assert_equal "$(fetch /minute)" "$(fetch /minute -H 'Cache-Control: only-if-cached')"
  assert_equal 504 "$(status_of /second -H 'Cache-Control: only-if-cached')"
  assert_equal 'httpd; fwd=bypass' "$(field_of Cache-Status /minute -H 'Range: bytes=0-1')"
}

@test "what is not to be kept, and what varies" {
  configure
  httpd_start
  [ "$(fetch /never)" != "$(fetch /never)" ]
  local german
  german=$(fetch /vary -H 'Accept-Language: de')
  [ "$(fetch /vary -H 'Accept-Language: fr')" != "$german" ]
  assert_equal "$german" "$(fetch /vary -H 'Accept-Language: de')"
}

@test "what is made of one client's words is not for others, without a word about it" {
  configure
  httpd_start
  assert_equal a "$(fetch /mine -H 'X-Name: a')"
  assert_equal b "$(fetch /mine -H 'X-Name: b')"
  assert_equal /for/a "$(field_of Location /yours -H 'X-Name: a')"
  assert_equal /for/b "$(field_of Location /yours -H 'X-Name: b')"
  fetch /ours/x >/dev/null
  assert_match '^httpd; hit' "$(field_of Cache-Status /ours/x)"
}

@test "a stale answer is made anew, or given while a new one is made" {
  configure
  httpd_start
  local first stale
  first=$(fetch /second)
  changed() { [ "$(fetch /second)" != "$first" ]; }
  wait_until 5 changed
  first=$(fetch /while)
  is_stale() { stale=$(field_of Cache-Status /while) && [[ $stale == 'httpd; hit; ttl='[0-]* && $stale != *ttl=1* ]]; }
  wait_until 5 is_stale
  renewed() { [ "$(fetch /while)" != "$first" ]; }
  wait_until 5 renewed
  # Never did anybody wait for it: each answer was a hit.
  refute_match 'fwd' "$(for _ in 1 2 3 4 5; do field_of Cache-Status /while; done)"
}

@test "a change makes it forget" {
  configure
  httpd_start
  local first
  first=$(fetch /minute)
  fetch /minute -X POST -d x
  [ "$(fetch /minute)" != "$first" ]
}

@test "kept as it was made, compressed for who takes it" {
  configure
  httpd_start
  local first
  first=$(fetch /large)
  assert_equal "$first" "$(fetch /large --compressed -H 'Accept-Encoding: gzip')"
  assert_equal gzip "$(field_of Content-Encoding /large -H 'Accept-Encoding: gzip')"
  assert_equal 'W/"one"' "$(field_of ETag /large -H 'Accept-Encoding: gzip')"
  assert_equal 304 "$(status_of /large -H 'Accept-Encoding: gzip' -H 'If-None-Match: W/"one"')"
  assert_equal "$first" "$(fetch /large)"
}

@test "refusals are not kept, and files keep themselves" {
  configure
  httpd_start
  assert_equal 403 "$(status_of /denied)"
  assert_equal '' "$(field_of Cache-Status /denied)"
  fetch /index.html >/dev/null
  assert_equal '' "$(field_of Cache-Status /index.html)"
}

@test "a reload begins with nothing kept" {
  configure
  httpd_start
  local first
  first=$(fetch /minute)
  configure 'limits = { body = "5M"; };'
  httpd_reload
  [ "$(fetch /minute)" != "$first" ]
}

@test "many at once get what one of them made" {
  configure
  httpd_start
  local n
  for n in {1..60}; do echo "url = \"http://127.0.0.1:$PORT/minute\""; echo "output = \"$DIR/got.$n\""; done >"$DIR/urls"
  curl -sS --parallel --parallel-max 30 -K "$DIR/urls"
  assert_equal 1 "$(cat "$DIR"/got.* | fold -w "$(wc -c <"$DIR/got.1")" | sort -u | wc -l)"
}

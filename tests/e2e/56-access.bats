#!/usr/bin/env bats
#
# Who may come: allow and deny.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

site() { # SETTINGS [TOP-LEVEL]
  httpd_config <<<"${2-}
sites = ( { root = \"$ROOT\"; $1 } );"
}

status_from() { # ADDRESS PATH [CURL-OPTION...]
  status_of "$2" --interface "$1" "${@:3}"
}

@test "who is not allowed gets 403, over HTTP/1 and HTTP/2" {
  site 'routes = ( { path = "/in/*"; allow = [ "127.0.0.2", "::1" ]; files = { root = "'"$ROOT"'"; }; },
    { path = "/*"; files = { }; } );'
  httpd_start
  local h2
  for h2 in --http1.1 --http2-prior-knowledge; do
    assert_equal 200 "$(status_from 127.0.0.2 /in/index.html $h2)"
    assert_equal 403 "$(status_from 127.0.0.1 /in/index.html $h2)"
    assert_equal 403 "$(status_from 127.0.0.1 /in/none $h2)"
    assert_equal 403 "$(status_from 127.0.0.1 /in/index.html $h2 -X OPTIONS)"
    assert_equal 200 "$(status_from 127.0.0.1 / $h2)"
  done
  logged() { grep -c '^127\.0\.0\.1 .*"GET /in/index.html HTTP/.*" 403 ' "$ACCESS" | grep -qx 2; }
  wait_until 5 logged
}

@test "the narrowest entry decides, deny for equal ones" {
  site 'allow = [ "127.0.0.0/8", "127.1.2.3", "127.9.9.9" ]; deny = [ "127.1.0.0/16", "127.9.9.9/32" ];'
  httpd_start
  assert_equal 200 "$(status_from 127.0.0.1 /)"
  assert_equal 403 "$(status_from 127.1.0.1 /)"
  assert_equal 200 "$(status_from 127.1.2.3 /)"
  assert_equal 403 "$(status_from 127.9.9.9 /)"
}

@test "a refusal does not end the connection and keeps the site's own page" {
  echo '<h1>not here</h1>' >"$ROOT/403.html"
  site 'deny = [ "127.0.0.0/8" ]; errors = ( { status = 403; file = "/403.html"; } );'
  httpd_start
  run curl -sv "$(url /)" "$(url /index.html)"
  assert_match '<h1>not here</h1>' "$output"
  assert_match 'Re-using existing connection' "$output"
  # What comes in a header field is the client's own story.
  assert_status 403 / -H 'X-Forwarded-For: 192.0.2.1' -H 'Forwarded: for=192.0.2.1'
}

@test "IPv6 clients, IPv4 clients of an IPv6 socket, and unix sockets" {
  [ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6 || skip 'no IPv6 here'
  httpd_config <<<"listen = ( { port = $PORT; }, { address = \"unix:$DIR/http.sock\"; } );
    sites = ( { names = \"six.example\"; root = \"$ROOT\"; allow = \"::1\"; },
              { names = \"four.example\"; root = \"$ROOT\"; allow = \"127.0.0.0/8\"; },
              { names = \"local.example\"; root = \"$ROOT\"; allow = \"unix\"; } );"
  httpd_start
  ask() { curl -s -o /dev/null -w '%{http_code}' --max-time 10 -H "Host: $1.example" "${@:2}"; }
  local local=(--unix-socket "$DIR/http.sock" http://localhost/)
  assert_equal 200 "$(ask six "http://[::1]:$PORT/")"
  assert_equal 403 "$(ask six "$(url /)")"
  assert_equal 403 "$(ask six "${local[@]}")"
  assert_equal 200 "$(ask four "$(url /)")"
  assert_equal 403 "$(ask four "http://[::1]:$PORT/")"
  assert_equal 200 "$(ask local "${local[@]}")"
  assert_equal 403 "$(ask local "$(url /)")"
}

@test "a reload changes who may come" {
  site 'deny = [ "127.0.0.0/8" ];'
  httpd_start
  assert_status 403 /
  site 'deny = [ "192.0.2.0/24" ];'
  httpd_reload
  assert_status 200 /
}

@test "a long list is as good as a short one" {
  {
    echo 'deny = ['
    local i
    for i in $(seq 0 5000); do echo "\"10.$((i / 256)).$((i % 256)).0/24\","; done
    echo '"127.0.0.7" ];'
  } | httpd_config
  httpd_start
  assert_equal 403 "$(status_from 127.0.0.7 /)"
  assert_equal 200 "$(status_from 127.0.0.8 /)"
}

@test "--test says what is wrong with an entry, and where" {
  site "allow = [ \"10.0.0.1/8\" ];
    deny = [ \"localhost\" ];"
  run -1 httpd --test --config "$CONF"
  assert_match "httpd.conf:2: allow: '10.0.0.1/8' is no network.*\"10.0.0.0/8\"" "$output"
  assert_match "httpd.conf:3: deny: 'localhost' is no address" "$output"
}

@test "files that not everybody reaches may be written" {
  site 'routes = ( { path = "/*"; allow = "127.0.0.2"; files = { write = true; }; } );' "user = \"$(id -un)\";"
  httpd_start
  assert_equal 201 "$(status_from 127.0.0.2 /new -T "$ROOT/index.html")"
  assert_equal 403 "$(status_from 127.0.0.1 /other -T "$ROOT/index.html")"
  [ -e "$ROOT/new" ] && ! [ -e "$ROOT/other" ]
}

@test "a file that another route guards is not given out as an index or a try" {
  mkdir "$ROOT/app" "$ROOT/open"
  echo secret | tee "$ROOT/app/page.html" "$ROOT/home.htm" >"$ROOT/app/index.html"
  echo open >"$ROOT/open/index.txt"
  httpd_config <<<"sites = ( { root = \"$ROOT\"; routes = (
    { path = \"*.html\"; deny = \"all\"; files = { }; },
    { path = \"*.htm\"; deny = \"all\"; files = { }; },
    { path = \"*.txt\"; headers = { set = ( \"X-Text: yes\" ); }; files = { }; },
    { path = \"/try/*\"; files = { root = \"$ROOT/app\"; try = [ \"\$path.html\" ]; }; },
    { path = \"/place/*\"; files = { fallback = \"/home.htm\"; }; },
    { path = \"/alike/*\"; deny = \"all\"; files = { }; },
    { path = \"/*\"; files = { index = [ \"index.html\", \"index.txt\" ]; }; } ); } );"
  httpd_start
  local version
  for version in --http1.1 --http2-prior-knowledge; do
    assert_status 302 /app/ $version
    assert_equal '/app/index.html?q' "$(field_of location '/app/?q' $version)"
    assert_status 403 /app/index.html $version
    assert_equal /try/page.html "$(field_of location /try/page $version)"
    assert_equal secret "$(fetch /place/anywhere $version)" # it was named for this route
    assert_status 302 /app/ $version -I
    assert_equal open "$(fetch /open/ $version)"
  done
  run httpd --config "$CONF" --explain "http://127.0.0.1:$PORT/app/"
  assert_match 'answers 302, to /app/index.html: .* guarded' "$output"
}

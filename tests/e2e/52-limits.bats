#!/usr/bin/env bats
#
# Limits and time-outs of a route's own, over HTTP/1.1 and HTTP/2; uploads stand for content.

# bats file_tags=transports

load lib
setup() {
  httpd_setup
  chmod 1777 "$ROOT"
  mkdir -m 1777 "$ROOT/small" "$ROOT/large" "$ROOT/slow"
  head -c 1000 /dev/zero >"$DIR/1k"
  head -c 100000 /dev/zero >"$DIR/100k"
  head -c 3000000 /dev/zero >"$DIR/3M"
}
teardown() { httpd_teardown; }

configure() {
  httpd_config <<EOF
limits = { body = "50k"; };
timeouts = { body = "20s"; adaptive = false; };
sites = ( { root = "$ROOT"; files = { write = true; write_open = true; };
  routes = (
    { path = "/small/*"; limits = { body = 500; }; files = { root = "$ROOT/small"; }; },
    { path = "/large/*"; limits = { body = "1M"; }; files = { root = "$ROOT/large"; }; },
    { path = "/slow/*"; timeouts = { body = "200ms"; }; files = { root = "$ROOT/slow"; }; },
    { path = "/once/*"; timeouts = { keepalive = false; }; files = { root = "$ROOT"; write = false; }; },
    { path = "/*"; files = { }; } ); } );
EOF
}

put() { # FILE PATH [CURL-OPTION...]
  local file=$1
  shift
  status_of "$@" -T - -H 'Expect:' <"$file"
}

put_sized() { # FILE PATH [CURL-OPTION...]
  local file=$1
  shift
  status_of "$@" -T "$file" -H 'Expect:'
}

@test "each route has its own limit, whether the length is told or not" {
  configure
  httpd_start
  local version how
  for version in --http1.1 --http2-prior-knowledge; do
    for how in put put_sized; do
      assert_equal 413 "$($how "$DIR/1k" /small/a "$version")"
      assert_match '^20[14]$' "$($how "$DIR/1k" /a "$version")"
      assert_equal 413 "$($how "$DIR/100k" /b "$version")"
      assert_match '^20[14]$' "$($how "$DIR/100k" /large/c "$version")"
      assert_equal 413 "$($how "$DIR/3M" /large/d "$version")"
    done
  done
  assert_equal 100000 "$(stat -c %s "$ROOT/large/c")"
  [ ! -e "$ROOT/small/a" ] && [ ! -e "$ROOT/large/d" ]
}

@test "a route's time-out for content" {
  configure
  httpd_start
  local head='Host: a\r\nContent-Length: 9\r\n\r\n123'
  assert_equal 408 "$(raw_statuses "PUT /slow/x HTTP/1.1\r\n$head")"
}

@test "a route after which the connection ends" {
  needs_http1 'Connection: close'
  configure
  httpd_start
  assert_equal close "$(field_of Connection /once/index.html)"
  assert_equal '' "$(field_of Connection /index.html)"
  run fetch /once/index.html --http2-prior-knowledge -v
  assert_match 'hello' "$output"
}

@test "the environment sets what no scope says otherwise" {
  configure
  sed -i '/^limits/d' "$CONF"
  SERVER_ENV=(HTTPD_LIMITS_BODY=2000)
  httpd_start
  assert_match '^20[14]$' "$(put "$DIR/1k" /a)"
  assert_equal 413 "$(put "$DIR/100k" /b)"
  assert_match '^20[14]$' "$(put "$DIR/100k" /large/c)"
}

@test "what is the whole server's is a mistake in a site or a route" {
  httpd_config <<EOF
sites = ( { root = "$ROOT"; timeouts = { idle = "5s"; };
  routes = ( { path = "/*"; limits = { connections = 5; }; files = { }; } ); } );
EOF
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match 'httpd.conf:1: sites\[0\].timeouts.idle: can be set at the top level only' "$output"
  assert_match 'httpd.conf:2: sites\[0\].routes\[0\].limits.connections: can be set at the top level only' "$output"
}

@test "--dump shows what is in force, and can be read back" {
  configure
  httpd --config "$CONF" --dump >"$DIR/dumped"
  assert_match 'body = "1M";' "$(grep -A1 'limits = {' "$DIR/dumped")"
  run httpd --config "$DIR/dumped" --test
  assert_equal 0 "$status"
}

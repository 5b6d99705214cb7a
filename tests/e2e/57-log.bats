#!/usr/bin/env bats
#
# Logs: names of requests, files of a site's own, what is left out, what took long.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

file_says() { # FILE REGEX
  grep -qaE "$2" "$1"
}

assert_file() { # FILE REGEX; the line may be on its way
  wait_until 5 file_says "$1" "$2" || fail "$1 does not say: $2"$'\n'"$(tail -n 20 "$1")"
}

logging() { # KEYS [SETTINGS-OF-THE-SITE]
  httpd_config <<<"log = { access = \"$ACCESS\"; error = \"$ERRORS\"; level = \"info\"; $1 };
sites = ( { root = \"$ROOT\"; ${2-} } );"
}

# ---- names of requests ---------------------------------------------------------------------------

@test "a request's name is taken or made, told and logged, over HTTP/1 and HTTP/2" {
  # shellcheck disable=SC2016 # those are the log's
  logging 'format = "id=${request_id} ${protocol} ${path}";'
  httpd_start
  local h2 id other
  for h2 in --http1.1 --http2-prior-knowledge; do
    id=$(field_of x-request-id / $h2)
    other=$(field_of x-request-id / $h2)
    assert_match '^[0-9a-f]{16}$' "$id"
    assert_match '^[0-9a-f]{16}$' "$other"
    [ "$id" != "$other" ]
    assert_file "$ACCESS" "^id=$id HTTP/[0-9.]* /$"
    assert_equal 0af7651916cd43dd-8448 "$(field_of x-request-id /none $h2 -H 'X-Request-ID: 0af7651916cd43dd-8448')"
    assert_file "$ACCESS" '^id=0af7651916cd43dd-8448 HTTP/[0-9.]* /none$'
    # Not what could be something else in a log or a page, nor one of two.
    assert_match '^[0-9a-f]{16}$' "$(field_of x-request-id / $h2 -H 'X-Request-ID: a" b')"
    assert_match '^[0-9a-f]{16}$' "$(field_of x-request-id / $h2 -H 'X-Request-ID: a' -H 'X-Request-ID: b')"
    assert_match '^[0-9a-f]{16}$' "$(field_of x-request-id / $h2 -H "X-Request-ID: $(head -c 129 /dev/zero | tr '\0' a)")"
  done
}

@test "names are taken from those who are trusted, and not at all where they are off" {
  logging '' 'request_id = { trust = [ "127.0.0.2" ]; }; routes = (
    { path = "/off/*"; request_id = false; files = { }; }, { path = "/*"; files = { }; } );'
  httpd_start
  assert_equal mine "$(field_of x-request-id / -H 'X-Request-ID: mine' --interface 127.0.0.2)"
  assert_match '^[0-9a-f]{16}$' "$(field_of x-request-id / -H 'X-Request-ID: mine')"
  assert_equal '' "$(field_of x-request-id /off/x -H 'X-Request-ID: mine' --interface 127.0.0.2)"
}

@test "a trace is known by its field, and begun where that is wanted" {
  # shellcheck disable=SC2016 # those are the log's
  logging 'format = "[${trace_id}][${traceparent}] ${path}";' 'routes = (
    { path = "/begin"; request_id = { trace = true; }; files = { }; }, { path = "/*"; files = { }; } );'
  httpd_start
  local trace=4bf92f3577b34da6a3ce929d0e0e4736
  status_of /valid -H "traceparent: 00-$trace-00f067aa0ba902b7-01"
  status_of /zero -H "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01"
  status_of /begin
  assert_file "$ACCESS" "^\[$trace\]\[00-$trace-00f067aa0ba902b7-01\] /valid$"
  assert_file "$ACCESS" '^\[-\]\[-\] /zero$'
  assert_file "$ACCESS" '^\[[0-9a-f]{32}\]\[00-[0-9a-f]{32}-[0-9a-f]{16}-01\] /begin$'
}

# ---- files of a site's own -----------------------------------------------------------------------

@test "a site and a route log where they say, reopened and reloaded with the others" {
  mkdir "$DIR/two"
  httpd_config <<<"log = { access = \"$ACCESS\"; error = \"$ERRORS\"; level = \"info\"; };
sites = (
  { names = \"one.example\"; root = \"$ROOT\"; log = { access = \"$DIR/one.log\"; format = \"\${host} \${path}\"; };
    routes = ( { path = \"/api/*\"; log = { access = \"$DIR/api.log\"; }; files = { }; },
               { path = \"/quiet\"; log = { access = \"off\"; }; files = { }; },
               { path = \"/*\"; files = { }; } ); },
  { names = \"two.example\"; root = \"$DIR/two\"; } );"
  httpd_start
  ask() { curl -s -o /dev/null -H "Host: $1" "$(url "$2")"; }
  ask one.example /first
  ask one.example /api/x
  ask one.example /quiet
  ask two.example /second
  assert_file "$DIR/one.log" '^one.example /first$'
  assert_file "$DIR/api.log" '^one.example /api/x$'
  assert_file "$ACCESS" '"GET /second HTTP/1.1" 404'
  refute_match 'first|api|quiet' "$(<"$ACCESS")"
  refute_match 'api|quiet|second' "$(<"$DIR/one.log")"
  assert_equal 640 "$(stat -c %a "$DIR/one.log")"

  mv "$DIR/one.log" "$DIR/one.log.1"
  mv "$DIR/api.log" "$DIR/api.log.1"
  httpd --config "$CONF" --signal reopen
  again() { ask one.example /third; ask one.example /api/y; [ -s "$DIR/one.log" ] && [ -s "$DIR/api.log" ]; }
  wait_until 10 again
  assert_file "$DIR/one.log" '^one.example /third$'

  sed -i "s|$DIR/one.log|$DIR/new.log|" "$CONF"
  httpd_reload
  ask one.example /fourth
  assert_file "$DIR/new.log" '^one.example /fourth$'
}

@test "a log whose directory is missing is a mistake, and so is a key that is not a site's" {
  httpd_config <<<"sites = (
  { root = \"$ROOT\"; log = { access = \"$DIR/none/x.log\"; level = \"debug\"; }; } );"
  run -1 httpd --test --config "$CONF"
  assert_match "httpd.conf:2: log.access: '$DIR/none': No such file" "$output"
  assert_match 'httpd.conf:2: sites\[0\].log.level: can be set at the top level only' "$output"
}

# ---- what is left out ----------------------------------------------------------------------------

@test "paths and status codes that nobody wants to see" {
  logging 'skip = [ "/healthz", "/static/*", "*.css" ]; skip_status = [ 304 ];'
  httpd_start
  local path
  for path in /healthz /static/x /a.css /healthz2 /static; do status_of $path; done
  status_of / -H 'If-None-Match: *'
  status_of /last
  assert_file "$ACCESS" '"GET /last '
  assert_file "$ACCESS" '"GET /healthz2 '
  assert_file "$ACCESS" '"GET /static '
  refute_match '/healthz |/static/|\.css| 304 ' "$(<"$ACCESS")"
}

@test "JSON stays JSON, whatever comes" {
  logging 'format = "json";' "routes = (
    { path = \"/own\"; log = { access = \"$DIR/own.log\"; format = \"{\\\"agent\\\":\\\"\${http_user_agent}\\\"}\"; };
      files = { }; }, { path = \"/*\"; files = { }; } );"
  httpd_start
  printf 'GET /%%22%%5c%%0a?"=\\ HTTP/1.1\r\nHost: x\r\nUser-Agent: q" b\\ \xff\xc3\xa4\r\nConnection: close\r\n\r\n' | raw >"$DIR/out"
  status_of /own -A 'quote" back\slash'
  status_of /long -H "Referer: $(head -c 25000 /dev/zero | tr '\0' '"')"
  all_are_there() { [ "$(cat "$ACCESS" "$DIR/own.log" | wc -l)" = 4 ]; } # the first is httpd_start's
  wait_until 5 all_are_there
  python3 - "$ACCESS" "$DIR/own.log" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert lines[1]["user_agent"] == 'q" b\\ \ufffd\u00e4', lines[1]
assert lines[1]["target"] == '/%22%5c%0a?"=\\', lines[1]
assert lines[-1].get("truncated") is True, lines[-1]
assert json.loads(open(sys.argv[2]).read()) == {"agent": 'quote" back\\slash'}
END
}

# ---- what took long ------------------------------------------------------------------------------

@test "a slow request is told once, with its name" {
  truncate -s 40M "$ROOT/large" # more than lies in sockets
  logging 'slow = "300ms";'
  httpd_start
  status_of /
  curl -s -o /dev/null --limit-rate 20M -H 'X-Request-ID: the-slow-one' "$(url /large)"
  curl -s -o /dev/null --limit-rate 20M "$(url /large)"
  assert_log 'warning worker [0-9]+: slow request: GET /large on default \(route /\*\) took [0-9]{3,} ms, [0-9]+ ms of it until the answer began: status 200, from 127.0.0.1, request the-slow-one$'
  refute_match 'slow request: GET / ' "$(<"$ERRORS")"
}

# ---- programs that read logs ---------------------------------------------------------------------

# The addresses that a filter finds in a log, with how often.
found_by() { # MODE LOG
  fail2ban-regex --print-all-matched -v "$2" "$TOP/etc/fail2ban/filter.d/httpd.conf[mode=$1]" >"$DIR/f2b" 2>&1 ||
    fail "$(<"$DIR/f2b")" || return
  sed -n 's/^|      \([0-9a-f.:]*\)  .*/\1/p' "$DIR/f2b" | sort | uniq -c | awk '{ print $1, $2 }'
}

@test "fail2ban finds who tries passwords, and nobody whom a name accuses" {
  command -v fail2ban-regex >/dev/null || skip 'needs fail2ban'
  httpd --hash-password alice <<<secret >"$DIR/users"
  chmod 644 "$DIR/users"
  logging '' "auth = { realm = \"x\"; users = \"$DIR/users\"; }; routes = (
    { path = \"/notice*\"; log = { slow = \"1ms\"; }; files = { }; }, { path = \"/*\"; files = { }; } );"
  httpd_start
  assert_status 401 '/notice%20worker%201:%20auth:%20wrong%20credentials%20for%20%22a%22%20from%20192.0.2.3%20on%20default' \
    --interface 127.0.0.5 -u alice:wrong
  assert_status 401 / -u alice:wrong
  assert_status 401 / -u nobody:wrong --interface 127.0.0.2
  assert_status 401 / -u 'alice" from 192.0.2.1 on default:x' --interface 127.0.0.3
  assert_status 401 / -u 'a from 192.0.2.2 on default:x' --interface 127.0.0.3
  assert_status 200 / -u alice:secret --interface 127.0.0.4
  assert_log 'slow request: GET /notice worker 1: auth: wrong credentials for "a" from 192.0.2.3 on default on default'
  all_are_told() { [ "$(grep -cE '^[^ ]+ notice worker [0-9]: auth: wrong' "$ERRORS")" = 5 ]; }
  wait_until 5 all_are_told
  assert_equal $'1 127.0.0.1\n1 127.0.0.2\n2 127.0.0.3\n1 127.0.0.5' "$(found_by auth "$ERRORS")"
}

@test "fail2ban finds who looks for holes, and nobody whom a path or an agent accuses" {
  command -v fail2ban-regex >/dev/null || skip 'needs fail2ban'
  logging '' 'routes = ( { path = "/no"; deny = "all"; files = { }; }, { path = "/*"; files = { }; } );'
  httpd_start
  local forged='192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 404 1 "-" "-"'
  assert_status 404 /wp-login.php --interface 127.0.0.2
  assert_status 403 /no --interface 127.0.0.3
  assert_status 200 / --interface 127.0.0.4 -A "$forged" -e "x\" 404 1"
  assert_status 200 "/?$(printf %s "$forged" | tr -d ' "[]')" --interface 127.0.0.4
  assert_status 404 '/192.0.2.1%20-%20-%20%5B10/Oct/2026:13:55:36%20+0000%5D%20%22GET%22' --interface 127.0.0.5
  assert_file "$ACCESS" '^127.0.0.5'
  assert_equal $'1 127.0.0.2\n1 127.0.0.3\n1 127.0.0.5' "$(found_by scan "$ACCESS")"
}

@test "GoAccess reads the combined format, and one with sites and durations" {
  command -v goaccess >/dev/null || skip 'needs goaccess'
  local format
  format=$(sed -n 's/^#   format = "\(.*\)";$/\1/p' "$TOP/etc/goaccess/goaccess.conf")
  [ -n "$format" ]
  logging '' "routes = ( { path = \"/own/*\"; log = { access = \"$DIR/own.log\"; format = \"$format\"; };
    files = { }; }, { path = \"/*\"; files = { }; } );"
  httpd_start
  status_of /none -A 'Mozilla/5.0 (X11; Linux x86_64) "quoted" \back'
  status_of / --http2-prior-knowledge -e 'http://example.org/'
  status_of /own/x
  logged() { [ -s "$DIR/own.log" ] && [ "$(wc -l <"$ACCESS")" = 3 ]; }
  wait_until 5 logged
  report() { # LOG CONFIG; "valid failed"
    goaccess --config-file="$2" --no-global-config --ignore-panel=HOSTS -o "$DIR/report.json" "$1" 2>&1 &&
      python3 -c 'import json, sys; g = json.load(open(sys.argv[1]))["general"]; print(g["valid_requests"], g["failed_requests"])' \
        "$DIR/report.json"
  }
  assert_match '3 0$' "$(report "$ACCESS" "$TOP/etc/goaccess/goaccess.conf")"
  { grep -E '^(time|date)-format' "$TOP/etc/goaccess/goaccess.conf"
    sed -n 's/^#   \(log-format .*%D\)$/\1/p' "$TOP/etc/goaccess/goaccess.conf"; } >"$DIR/own.conf"
  assert_match '1 0$' "$(report "$DIR/own.log" "$DIR/own.conf")"
  assert_match '"vhosts"' "$(<"$DIR/report.json")"
}

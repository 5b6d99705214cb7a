#!/usr/bin/env bats
#
# Routes: which one answers, groups of them, what other methods get; and what --explain says of it.
# bats file_tags=transports

# Variables of the configuration stand in single quotes on purpose.
# shellcheck disable=SC2016

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

# The lines of a site's list of routes.
routes() { # ROUTES [SETTINGS-OF-THE-SITE]
  httpd_config <<<"sites = ( { root = \"$ROOT\"; ${2-} routes = (
$1
); } );"
}

says() { # TEXT; what a route answers with
  echo "respond = { body = \"$1\"; };"
}

needs_expressions() {
  [[ $(httpd --version) == *PCRE2* ]] || skip "httpd is built without PCRE2"
}

allow_of() { # PATH [CURL-OPTION...]
  field_of Allow "$@" | tr -d ' '
}

@test "the first route that matches answers" {
  routes "
    { path = \"/a\"; $(says literal) },
    { path = \"/:one\"; $(says 'one ${one}') },
    { path = \"/a/*\"; $(says 'rest ${*}') },
    { path = \"*.php\"; $(says 'suffix ${*}') },
    { path = \"/u/:id/*\"; $(says 'id ${id} rest ${*}') },
    { path = \"/*\"; $(says other) }"
  httpd_start
  assert_equal literal "$(fetch /a)"
  assert_equal 'one b' "$(fetch /b)"
  assert_equal 'rest b/c' "$(fetch /a/b/c)"
  assert_equal 'rest x.php' "$(fetch /a/x.php)"
  assert_equal 'suffix /b/x' "$(fetch /b/x.php)"
  assert_equal 'id 7 rest a/b' "$(fetch /u/7/a/b)"
  assert_equal other "$(fetch /u/7)"
  assert_equal other "$(fetch /)"
}

@test "a regular expression gives its groups, on the path that is meant" {
  needs_expressions
  routes "
    { path = \"~^/(?<year>[0-9]{4})/(.*)\$\"; $(says 'of ${year}: ${2}') },
    { path = \"~(?i)\\\\.php\$\"; $(says php) },
    { path = \"/*\"; $(says other) }"
  httpd_start
  assert_equal 'of 2026: a/b' "$(fetch /2026/a/b)"
  assert_equal 'of 2026: b' "$(fetch /a/..//%32026/./b)"
  assert_equal php "$(fetch /x/y.PhP)"
  assert_equal other "$(fetch /202/x)"
}

@test "bytes that are no text do not lead past an expression" {
  needs_expressions
  routes "
    { path = \"~^/private/.*\$\"; $(says private) },
    { path = \"/*\"; $(says other) }"
  httpd_start
  assert_equal private "$(fetch /private/x)"
  assert_equal private "$(fetch /private/%FF)"
  assert_equal private "$(fetch /private/%0A)"
  assert_equal private "$(fetch /private/a%0Ab)"
}

@test "an expression that could match in too many ways is 500, and nobody behind it answers" {
  needs_expressions
  routes "
    { path = \"/aaaa\"; $(says before) },
    { path = \"~^/(?:a|a)*(?:a|a)*(?:a|a)*\$\"; $(says expression) },
    { path = \"/*\"; $(says other) }"
  httpd_start
  assert_equal before "$(fetch /aaaa)"
  assert_equal expression "$(fetch /aaa)"
  assert_status 500 "/$(printf 'a%.0s' {1..60})b"
  assert_log "route '~.*': the expression was given up on a path of 62 bytes"
  assert_equal other "$(fetch /b)"
}

# bats test_tags=once
@test "expressions work where memory can not become code" {
  needs_expressions
  local confine='import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) < 0: sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])'
  python3 -c "$confine" true || skip "before Linux 6.3 nothing can be so confined from outside systemd"
  routes "{ path = \"~^/(a+)b\$\"; $(says 'got ${1}') }"
  SERVER_WRAP=(python3 -c "$confine")
  httpd_start
  assert_equal 'got aa' "$(fetch /aab)"
}

@test "routes in a group have its path, its settings, and fall through to those behind it" {
  routes "
    { path = \"/api\"; allow = \"192.0.2.0/24\"; routes = (
        { path = \"\"; allow = \"all\"; $(says group) },
        { path = \"/open/:id\"; allow = \"all\"; $(says 'open ${id}') },
        { path = \"/v/:version\"; routes = (
            { path = \"/x\"; allow = \"all\"; $(says 'x of ${version}') },
            { path = \"*.txt\"; allow = \"all\"; $(says 'text ${*} of ${version}') },
            { path = \"/y\"; $(says closed) } ); } ); },
    { path = \"/api/*\"; $(says 'behind ${*}') }"
  httpd_start
  assert_equal group "$(fetch /api)"
  assert_equal 'open 7' "$(fetch /api/open/7)"
  assert_equal 'x of 1' "$(fetch /api/v/1/x)"
  assert_equal 'text /a/b of 1' "$(fetch /api/v/1/a/b.txt)"
  assert_status 403 /api/v/1/y
  assert_equal 'behind v/1/z' "$(fetch /api/v/1/z)"
  assert_equal 'behind open/7/x' "$(fetch /api/open/7/x)"
  assert_status 404 /apix
}

@test "an expression in a group is for what the group leaves" {
  needs_expressions
  routes "{ path = \"/api\"; routes = ( { path = \"~^/v([0-9])\$\"; $(says 'v ${1}') } ); }"
  httpd_start
  assert_equal 'v 2' "$(fetch /api/v2)"
  assert_status 404 /v2
  assert_status 404 /api/v22
}

@test "host and methods of a group are those of its routes, who can narrow them" {
  routes "
    { path = \"/g\"; host = \"*.example.org\"; methods = [ \"GET\", \"POST\" ]; routes = (
        { path = \"/post\"; methods = \"POST\"; $(says post) },
        { path = \"/a\"; host = \"a.example.org\"; $(says a) },
        { path = \"/*\"; $(says any) } ); }"
  httpd_start
  assert_equal any "$(fetch /g/a -H 'Host: b.example.org')"
  assert_equal a "$(fetch /g/a -H 'Host: a.example.org')"
  assert_equal post "$(fetch /g/post -H 'Host: b.example.org' -d x)"
  assert_equal any "$(fetch /g/post -H 'Host: b.example.org')"
  assert_status 404 /g/a -H 'Host: example.com'
  assert_status 405 /g/a -H 'Host: b.example.org' -X PUT
  assert_equal GET,HEAD,POST,OPTIONS "$(allow_of /g/a -H 'Host: b.example.org' -X PUT)"
}

@test "files of a group's root take what the route's star stands for" {
  mkdir -p "$DIR/app/js"
  echo script >"$DIR/app/js/x.js"
  routes "
    { path = \"/app\"; files = { root = \"$DIR/app\"; }; routes = (
        { path = \"/only\"; methods = \"POST\"; $(says post) },
        { path = \"/*\"; files = { }; } ); },
    { path = \"/*\"; files = { }; }"
  httpd_start
  assert_equal script "$(fetch /app/js/x.js)"
  assert_equal hello "$(fetch /)"
}

@test "other methods: 405 with Allow, HEAD with GET, OPTIONS by itself" {
  routes "
    { path = \"/x\"; methods = \"POST\"; $(says post) },
    { path = \"/x\"; methods = [ \"GET\", \"PUT\" ]; $(says get) },
    { path = \"/only\"; methods = \"DELETE\"; $(says gone) },
    { path = \"/file\"; methods = \"POST\"; files = { }; },
    { path = \"/index.html\"; files = { }; }"
  httpd_start
  assert_equal get "$(fetch /x)"
  assert_equal post "$(fetch /x -d '')"
  assert_status 200 /x -I
  assert_status 405 /x -X DELETE
  assert_equal GET,HEAD,POST,PUT,OPTIONS "$(allow_of /x -X DELETE)"
  assert_status 204 /x -X OPTIONS
  assert_equal GET,HEAD,POST,PUT,OPTIONS "$(allow_of /x -X OPTIONS)"
  assert_equal DELETE,OPTIONS "$(allow_of /only)"
  assert_equal GET,HEAD,OPTIONS "$(allow_of /index.html -X PUT -d x)"
  assert_status 501 /x -X BREW
  assert_status 404 /none -X DELETE
  assert_status 404 /none -X OPTIONS
  # Nothing is stored where nothing may be, whatever a route lets through.
  assert_status 405 /file -d x
  [ ! -e "$ROOT/file" ]
}

@test "ten thousand routes are read, and each is found" {
  local i list=''
  list=$(for i in {1..10000}; do echo "{ path = \"/r$i/x\"; respond = { body = \"$i\"; }; },"; done)
  routes "$list { path = \"/*\"; $(says other) }"
  httpd_start
  for i in 1 77 5000 9999 10000; do
    assert_equal $i "$(fetch /r$i/x)"
  done
  assert_equal other "$(fetch /r10001/x)"
  run httpd --config "$CONF" --explain "$(url /r3/x)"
  assert_match 'answer      respond: answers 200' "$output"
}

# bats test_tags=once
@test "what is wrong with routes is told with its line" {
  needs_expressions
  routes '{ path = "~^/(x"; files = { }; },
{ path = "/a*"; routes = ( { path = "/b"; files = { }; } ); },
{ path = "/c"; routes = (
  { path = "/d"; files = { }; },
  { files = { }; },
  { path = "/d"; files = { }; } ); },
{ path = "/e"; redirect = "/f"; routes = ( { path = "/g"; files = { }; } ); }'
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match ":2: sites\[0\].routes\[0\].path: '~\^/\(x': missing closing parenthesis \(at offset 4" "$output"
  assert_match ":3: sites\[0\].routes\[1\].path: '/a\*': the path of a group of routes has no '\*'" "$output"
  assert_match ":6: sites\[0\].routes\[2\].routes\[1\]: 'path' is missing" "$output"
  assert_match ":7: warning: sites\[0\].routes\[2\].routes\[2\].path: '/c/d' is never reached: .*httpd.conf:5" "$output"
  assert_match ":8: sites\[0\].routes\[3\]: a group of routes has no handler of its own" "$output"
}

# bats test_tags=once
@test "a dump of groups of routes is the same configuration" {
  routes "{ path = \"/api\"; deny = \"all\"; routes = ( { path = \"*.x\"; allow = \"all\"; $(says x) },
    { routes = ( { path = \"/y\"; $(says y) } ); } ); }"
  httpd --config "$CONF" --dump >"$DIR/dump.conf"
  httpd --config "$DIR/dump.conf" --test
  local url
  for url in http://a/api/a.x http://a/api/y http://a/y; do
    assert_equal "$(httpd -c "$CONF" -e $url | grep ^answer | sed 's/  .*:.*//')" \
      "$(httpd -c "$DIR/dump.conf" -e $url | grep ^answer | sed 's/  .*:.*//')"
  done
}

# bats test_tags=once
@test "--explain says where everything stands that has a part in an answer" {
  routes "{ path = \"/healthz\"; handler = \"health\"; },
{ path = \"/old/*\"; redirect = \"/new/\${*}\"; status = 301; },
{ path = \"/post\"; methods = \"POST\"; $(says post) },
{ path = \"/h\"; host = \"www.example.org\"; $(says www) },
{ path = \"/*\"; files = { }; }" 'names = "example.org";'
  run httpd -c "$CONF" -e "http://example.org:$PORT/old/x"
  assert_equal 0 "$status"
  assert_equal "GET http://example.org:$PORT/old/x" "${lines[0]}"
  assert_match "^listener    127.0.0.1:$PORT  *$CONF:[0-9]+$" "${lines[1]}"
  assert_match "^site        example.org  *$CONF:1  by its name 'example.org'$" "${lines[2]}"
  assert_match "^route       /healthz  *$CONF:2  no: the path differs$" "${lines[3]}"
  assert_match "^route       /old/\*  *$CONF:3  yes: \* = \"x\"$" "${lines[4]}"
  assert_match "^answer      redirect: answers 301, to /new/x  *$CONF:3$" "${lines[5]}"
  run httpd -c "$CONF" -e "http://example.org:$PORT/post"
  assert_match "/post  *$CONF:4  no: it takes POST" "$output"
  run httpd -c "$CONF" -e "http://example.org:$PORT/h"
  assert_match "/h  *$CONF:5  no: it is for the host www.example.org" "$output"
  run httpd -c "$CONF" -e "http://other:$PORT/none"
  assert_match "the default: no site has the name 'other'" "$output"
  assert_match "answer      files: answers 404: $ROOT/none is not there  *$CONF:6" "$output"
  # It was a look: nothing was made, nobody listens.
  [ ! -e "$ACCESS" ] && [ ! -e "$DIR/httpd.pid" ]
}

# bats test_tags=once
@test "--explain: exit status 1 where nothing answers, 2 for wrong usage" {
  routes "{ path = \"/*\"; files = { }; }"
  run httpd -c "$CONF" -e 'example.org/x'
  assert_equal 1 "$status"
  assert_match 'expected a URL' "$output"
  run httpd -c "$CONF" -e "http://example.org:$PORT/../x"
  assert_equal 1 "$status"
  assert_match '^answer      400, before a site is asked: path climbs above the root' "${lines[2]}"
  run httpd -c "$CONF" -e "https://example.org/"
  assert_equal 1 "$status"
  assert_match 'no listen entry speaks HTTPS' "$output"
  routes '{ path = "x"; files = { }; }'
  run httpd -c "$CONF" -e "http://example.org/"
  assert_equal 1 "$status"
  assert_match 'does not begin with' "$output"
  run httpd -c "$CONF" -X PUT
  assert_equal 2 "$status"
  run httpd "$ROOT" -e http://localhost:8080/
  assert_equal 0 "$status"
  assert_match "answers 200 with the file .*$ROOT/index.html" "$output"
}

@test "what is explained is what a server answers" {
  mkdir -p "$ROOT/dir/sub"
  echo page >"$ROOT/dir/index.html"
  routes "
    { path = \"/in\"; deny = \"127.0.0.0/8\"; routes = ( { path = \"/*\"; $(says never) } ); },
    { path = \"/old/*\"; redirect = \"/new/\${*}\"; status = 308; },
    { path = \"/post\"; methods = \"POST\"; $(says post) },
    { path = \"/*\"; files = { fallback = \"/dir/index.html\"; }; }"
  httpd_start
  local path method wanted
  for path in / /in/x /old/y /post /dir /dir/ /dir/sub/ /none /none.html /post/x '/a%20b?q'; do
    for method in GET POST DELETE OPTIONS; do
      run httpd -c "$CONF" -X $method -e "$(url "$path")"
      assert_equal 0 "$status"
      wanted=$(sed -nE 's/^answer +([a-z_]+: )?(answers )?([0-9]{3}).*/\3/p' <<<"$output")
      assert_equal "$method $path $wanted" "$method $path $(status_of "$path" -X $method)"
    done
  done
}

#!/usr/bin/env bats
#
# The configuration: mistakes, what is in force, and who wins.

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

configure() { # [LINE...]
  printf '%s\n' "$@" | httpd_config
}

# Twelve mistakes of twelve kinds, each on a line that ends with its key.
twelve() {
  cat >"$CONF" <<EOT
wrokers = 2;                                                      # wrokers
mime_types = 7;                                                   # mime_types
pid_file = "$DIR/httpd.pid";
control = "$DIR/control.sock";
listen = (
  { address = "127.0.0.1"; port = 70000; },                       # port
  { address = "127.0.0.1"; port = $PORT; protocol = "smoke"; }    # protocol
);
log = {
  access = "$ACCESS";
  error = "$ERRORS";
  format = "\${nonsense}";                                        # format
  level = "loud";                                                 # level
};
limits = { uri = "8 furlongs"; };                                 # uri
timeouts = { header = "soon"; };                                  # header
sites = (
  { names = [ "a.example.org" ]; root = "$ROOT"; },
  { names = [ "b.example.org", "a.example.org" ]; root = "$ROOT"; }, # a.example.org
  { names = [ "c.example.org" ]; root = "$DIR/missing"; },        # root
  { names = [ "d.example.org" ]; root = "$ROOT"; routes = (
    { path = "/x"; handler = "teleport"; },                       # teleport
    { path = "/*"; files = { }; },
    { path = "/never"; files = { }; }                             # /never
  ); }
);
EOT
}

# Of a report on standard error: FILE:LINE of each line.
places() {
  grep -o "^$CONF:[0-9]*" | sed "s|^$CONF:||" | sort -n
}

@test "twelve mistakes are twelve lines, each with its line and key" {
  twelve
  run --separate-stderr httpd --config "$CONF" --test
  assert_equal 1 "$status"
  echo "$stderr"
  assert_equal "$(grep -n ' # ' "$CONF" | cut -d: -f1)" "$(places <<<"$stderr")"
  assert_equal 12 "$(wc -l <<<"$stderr")"
  local line key
  while read -r line key; do
    assert_match "$key" "$(grep "^$CONF:$line:" <<<"$stderr")"
  done < <(grep -n ' # ' "$CONF" | sed 's/^\([0-9]*\):.* # /\1 /')
  assert_match "unknown key 'wrokers'.*did you mean 'workers'" "$stderr"
}

@test "with twelve mistakes nothing starts, and a running server is untouched" {
  configure
  httpd_start
  local workers
  workers=$(worker_pids)
  twelve
  run httpd --config "$CONF" --signal reload
  assert_equal 1 "$status"
  assert_equal 12 "$(grep -c "^$CONF:" <<<"$output")"
  assert_equal "$workers" "$(worker_pids)"
  assert_status 200 /
  httpd_stop
  run httpd --config "$CONF"
  assert_equal 1 "$status"
}

@test "a syntax error names file and line" {
  printf '%s\n' 'workers = 1;' 'listen = ( { port = ; } );' >"$CONF"
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "$CONF:2: " "$output"
}

@test "a file that is not there is a mistake" {
  run httpd --config "$DIR/none.conf" --test
  assert_equal 1 "$status"
  assert_match "$DIR/none.conf" "$output"
}

@test "a mistake in an included file is reported there" {
  echo 'timeouts = { header = "soon"; };' >"$DIR/part.conf"
  configure "@include \"$DIR/part.conf\""
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "$DIR/part.conf:1: .*header" "$output"
}

@test "a root that the workers can not read is found" {
  [ "$(id -u)" = 0 ] || skip "needs root: only then workers are somebody else"
  configure
  chmod 700 "$ROOT"
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "$ROOT" "$output"
}

@test "users, owners and directories that are not there are found, all in one go" {
  configure 'user = "no-such-user";' 'group = "no-such-group";' \
    "listen = ( { address = \"unix:$DIR/http.sock\";" ' owner = "nobody:no-such-group"; } );' \
    "log = { error = \"$DIR/none/error.log\"; };" \
    "mime_types = \"$DIR/none/types\";"
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "[.]owner: 'nobody:no-such-group': there is no such user or group" "$output"
  assert_match "log.error: '$DIR/none': No such file" "$output"
  assert_match "warning: mime_types: cannot read '$DIR/none/types'" "$output"
  [ "$(id -u)" = 0 ] || return 0 # others stay who they are
  assert_match "conf:[0-9]+: there is no user 'no-such-user'" "$output"
  assert_match "conf:[0-9]+: there is no group 'no-such-group'" "$output"
}

@test "--test of a sound file exits 0 and starts nothing" {
  configure
  run httpd --config "$CONF" --test
  assert_equal 0 "$status"
  [ ! -e "$DIR/httpd.pid" ]
}

@test "--dump is a configuration that gives the same dump" {
  configure 'timeouts = { idle = "90s"; };' 'limits = { body = "3M"; };'
  httpd --config "$CONF" --dump >"$DIR/first"
  assert_match 'idle = "90s"' "$(cat "$DIR/first")"
  assert_match 'body = "3[mM]"' "$(cat "$DIR/first")"
  httpd --config "$DIR/first" --test
  httpd --config "$DIR/first" --dump >"$DIR/second"
  # Comments tell where a value comes from, which is another file now.
  local strip='s,[[:space:]]*\(//\|#\).*,,; /^$/d'
  diff <(sed "$strip" "$DIR/first") <(sed "$strip" "$DIR/second")
}

@test "--dump shows defaults and says that they are" {
  configure
  run httpd --config "$CONF" --dump
  assert_match 'header = "10s";.*default' "$output"
}

value() { # KEY ...: environment and options before the dump
  local key=$1
  shift
  "$@" --dump | grep -oE "(^|[^a-z_])$key = [^;]*" | head -n 1 | sed 's/.* = //; s/"//g'
}

@test "the command line wins over the environment, that over the file, that over the default" {
  configure 'log = { level = "error"; };' 'workers = 2;' 'timeouts = { idle = "45s"; };'
  assert_equal 2 "$(value workers httpd --config "$CONF")"
  assert_equal 3 "$(value workers env HTTPD_WORKERS=3 "$HTTPD" --config "$CONF")"
  assert_equal 4 "$(value workers env HTTPD_WORKERS=3 "$HTTPD" --config "$CONF" --workers 4)"
  assert_equal error "$(value level httpd --config "$CONF")"
  assert_equal warning "$(value level env HTTPD_LOG_LEVEL=warning "$HTTPD" --config "$CONF")"
  assert_equal debug "$(value level env HTTPD_LOG_LEVEL=warning "$HTTPD" --config "$CONF" -l debug)"
  assert_equal 45s "$(value idle httpd --config "$CONF")"
  assert_equal 50s "$(value idle env HTTPD_TIMEOUTS_IDLE=50s "$HTTPD" --config "$CONF")"
}

@test "HTTPD_PORT and HTTPD_ROOT" {
  SERVER_ENV=("HTTPD_PORT=$PORT" "HTTPD_ROOT=$ROOT" "HTTPD_WORKERS=1")
  cd "$DIR"
  httpd_start --log-level info "$ROOT"
  assert_equal hello "$(fetch /index.html)"
}

@test "a wrong value in the environment is reported under its name" {
  configure
  run env HTTPD_TIMEOUTS_IDLE=soon "$HTTPD" --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match 'HTTPD_TIMEOUTS_IDLE' "$output"
}

@test "a wrong value on the command line is reported with its option" {
  configure
  run httpd --config "$CONF" --port 70000 --test
  assert_equal 1 "$status"
  assert_match '\-\-port' "$output"
}

@test "wrong usage exits 2" {
  run httpd --no-such-option
  assert_equal 2 "$status"
  run httpd --config
  assert_equal 2 "$status"
  local wrong
  for wrong in --port=http --port=70000 --workers=-1 --log-level=loud; do
    run httpd "$wrong" "$ROOT"
    assert_equal 2 "$status"
    assert_match "${wrong%=*}: " "$output"
  done
}

@test "--version and --help" {
  run httpd --version
  assert_equal 0 "$status"
  assert_match '^httpd [0-9]+\.[0-9]+' "$output"
  run httpd --help
  assert_equal 0 "$status"
  assert_match '^usage: httpd' "$output"
}

@test "a warning is told once as such, in the log and by --test" {
  httpd_config <<<"sites = ( { routes = ( { path = \"/*\"; respond = \"a\"; }, { path = \"/x\"; respond = \"b\"; } ); } );"
  run httpd --config "$CONF" --test
  assert_match "httpd.conf:1: warning: sites\[0\].routes\[1\].path: '/x' is never reached" "$output"
  httpd_start
  run httpd_reload
  assert_match "httpd.conf:1: warning: sites" "$output"
  assert_log "warning master: $CONF:1: sites.0..routes.1..path: '/x' is never reached"
}

#!/usr/bin/env bats
#
# What `make install` lays down, and the services in it: the LSB init script is run for real, the
# others are checked by the programs that read them.

load lib

# make install once for all tests, into a stage: what runs from it believes it lies in its prefix.
setup_file() {
  STAGE=$(mktemp -d "${TMPDIR:-/tmp}/httpd-stage.XXXXXX")
  export STAGE
  chmod 755 "$STAGE"
  into_stage install
}

teardown_file() {
  rm -rf "$STAGE"
}

# Not with the flags of a `make check` that runs this.
into_stage() { # TARGET
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$BUILD" "$1" DESTDIR="$STAGE" >/dev/null
}

setup() {
  httpd_setup
  PIDFILE=$DIR/run/httpd.pid
  SCRIPT=$DIR/init
  sed -e "s|^DAEMON=|&$STAGE|" -e "s|^CONFIG=.*|CONFIG=$CONF|" -e "s|^PIDFILE=.*|PIDFILE=$PIDFILE|" \
    -e "s|^DEFAULTS=.*|DEFAULTS=$DIR/default|" "$(installed init.d/httpd)" >"$SCRIPT"
  httpd_config <<<''
}

teardown() { httpd_teardown; }

installed() { # END-OF-PATH
  local found
  found=$(find "$STAGE" -path "*/$1" -type f)
  [ -n "$found" ] || fail "$1 is not installed"
  echo "$found"
}

# Runs an action of the init script and wants this exit code. The script gets the bare environment that service(8)
# gives; bats waits for descriptor 3.
service() { # STATUS ACTION
  local got=0 env
  mapfile -t env < <(server_environment)
  output=$(env -i PATH="$PATH" "${env[@]}" sh "$SCRIPT" "$2" 2>&1 3>&-) || got=$?
  [ "$got" = "$1" ] || fail "$2: exit code $got, not $1: $output"
  [ ! -s "$PIDFILE" ] || MASTER=$(<"$PIDFILE")
}

broken() {
  httpd_config <<<'wrokers = 3;'
}

# ---- the init script -----------------------------------------------------------------------------

@test "start, status, stop" {
  service 3 status
  service 0 start
  assert_equal hello "$(fetch /)"
  service 0 status
  assert_match "running \(pid $MASTER\)" "$output"
  service 0 stop
  gone "$MASTER" || fail "pid $MASTER is still there"
  [ ! -e "$PIDFILE" ] || fail "the pid file is still there"
  ! port_in_use "$PORT" || fail "the port is still open"
  service 3 status
}

@test "start of a running one changes nothing" {
  service 0 start
  local before=$MASTER
  service 0 start
  assert_match "already running \(pid $before\)" "$output"
  assert_equal "$before" "$MASTER"
  assert_status 200 /
}

@test "stop of a stopped one is fine" {
  service 0 stop
  assert_match 'not running' "$output"
}

@test "status of one that crashed is 1, and it starts again" {
  service 0 start
  local workers
  workers=$(worker_pids)
  kill -KILL "$MASTER"
  wait_until 5 gone "$MASTER"
  service 1 status
  for pid in $workers; do
    wait_until 5 gone "$pid"
  done
  service 0 start
  assert_status 200 /
}

@test "a pid file that names somebody else's process" {
  sleep 60 3>&- &
  local other=$!
  mkdir -p "${PIDFILE%/*}"
  echo $other >"$PIDFILE"
  service 1 status
  service 7 reload
  service 0 stop
  ! gone $other || fail "killed"
  MASTER=''
  kill $other
}

@test "stop finishes what is in flight" {
  httpd_config <<<'timeouts = { header = "20s"; };'
  service 0 start
  exec {client}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET / HTTP/1.1\r\nHost: x\r\n' >&"$client"
  answers "$PORT"
  service 0 stop &
  local stopping=$!
  wait_until 5 closed || fail "the port is still open"
  printf '\r\n' >&"$client"
  assert_match '^HTTP/1.1 200 .*hello' "$(timeout 10 cat <&"$client")"
  exec {client}>&-
  wait $stopping
}

closed() { ! port_in_use "$PORT"; }

@test "stop needs no sound configuration" {
  service 0 start
  broken
  service 0 stop
  gone "$MASTER" || fail "pid $MASTER is still there"
}

@test "reload and force-reload take up a change" {
  service 0 start
  local before=$MASTER action
  for action in reload force-reload; do
    mkdir "$DIR/$action"
    echo "$action" >"$DIR/$action/index.html"
    httpd_config <<<"sites = ( { root = \"$DIR/$action\"; } );"
    service 0 $action
    assert_equal $action "$(fetch /)"
  done
  assert_equal "$before" "$MASTER"
}

@test "a refused reload is 1, tells why and changes nothing" {
  service 0 start
  broken
  service 1 reload
  assert_match "unknown key 'wrokers'" "$output"
  assert_status 200 /
}

@test "reload and upgrade of a stopped one are 7" {
  service 7 reload
  service 7 force-reload
  service 7 upgrade
}

@test "restart" {
  service 0 start
  local before=$MASTER
  service 0 restart
  [ "$before" != "$MASTER" ] || fail "still the old one"
  gone "$before" || fail "the old one is still there"
  assert_status 200 /
}

@test "restart of a stopped one starts it, try-restart does not" {
  service 0 try-restart
  service 3 status
  service 0 restart
  assert_status 200 /
  local before=$MASTER
  service 0 try-restart
  [ "$before" != "$MASTER" ] || fail "still the old one"
}

@test "restart with a mistake in the configuration is 6 and stops nothing" {
  service 0 start
  local before=$MASTER
  broken
  service 6 restart
  assert_match "unknown key 'wrokers'" "$output"
  service 0 status
  assert_equal "$before" "$MASTER"
  assert_status 200 /
}

@test "start with a mistake in the configuration, or without one, is 6" {
  broken
  service 6 start
  assert_match "unknown key 'wrokers'" "$output"
  rm "$CONF"
  service 6 start
  assert_match "cannot read $CONF" "$output"
  service 3 status
}

@test "configtest" {
  service 0 configtest
  assert_match 'configuration is sound' "$output"
  broken
  service 6 configtest
  assert_match "$CONF:1: unknown key 'wrokers'" "$output"
}

@test "start on a busy port is 1 and says who has it" {
  local holder
  python3 -m http.server --bind 127.0.0.1 "$PORT" >/dev/null 2>&1 3>&- &
  holder=$!
  wait_until 10 port_in_use "$PORT"
  service 1 start
  kill $holder
  assert_match "cannot listen on 127.0.0.1:$PORT: address in use by pid $holder" "$output"
  service 3 status
}

@test "upgrade hands over to a new master" {
  service 0 start
  local before=$MASTER
  service 0 upgrade
  [ "$before" != "$MASTER" ] || fail "still the old one"
  wait_until 10 gone "$before" || fail "the old one is still there"
  service 0 status
  assert_status 200 /
  service 0 stop
}

@test "a program that is not installed is 5, an unknown action 2" {
  service 2 dance
  assert_match 'usage: ' "$output"
  service 2 ''
  sed -i 's|^DAEMON=.*|DAEMON=/nonexistent/httpd|' "$SCRIPT"
  service 5 start
  service 3 status
}

@test "the defaults file sets variables and the environment" {
  printf '%s\n' 'OPTIONS="--log-level debug"' 'export HTTPD_WORKERS=3' >"$DIR/default"
  httpd_config <<<"listen = ( { address = \"127.0.0.1\"; port = $PORT; } );"
  sed -i '/^workers/d' "$CONF"
  service 0 start
  assert_equal 3 "$(worker_count)"
}

# ---- the rest of what is installed ---------------------------------------------------------------

@test "the configuration that is installed serves the welcome page" {
  sed -e "s|\"/|\"$STAGE/|" -e "s|port = 80;|address = \"127.0.0.1\"; port = $PORT;|" \
    "$(installed etc/httpd/httpd.conf)" >"$CONF"
  echo "control = \"$DIR/control.sock\";" >>"$CONF"
  service 0 start
  assert_match 'It works' "$(fetch /)"
  assert_match '^text/html' "$(field_of Content-Type /)"
  [ -e "$(installed log/httpd/access.log)" ]
  service 0 stop
}

@test "a configuration that is there is kept" {
  local conf
  conf=$(installed etc/httpd/httpd.conf)
  cp "$conf" "$DIR/original"
  echo '// mine' >>"$conf"
  into_stage install-data
  assert_equal '// mine' "$(tail -n 1 "$conf")"
  cmp "$DIR/original" "$conf.new"
  cp "$DIR/original" "$conf"
  rm "$conf.new"
}

@test "no placeholder is left, and the manual names this build's paths" {
  run grep -rIE '@[a-z]+@' "$STAGE" --include=httpd --include='httpd.*'
  assert_equal '' "$output"
  local conf
  conf=$(installed etc/httpd/httpd.conf)
  grep -q "Pa ${conf#"$STAGE"}$" "$(installed httpd.8)" || fail "httpd.8 names another configuration"
}

# Each literal block of the section, in a file of its own below $DIR/examples.
examples_of() { # PAGE SECTION
  mkdir -p "$DIR/examples"
  awk -v section="$2" -v to="$DIR/examples/" '
    /^\.Sh / { inside = $0 == ".Sh " section }
    /^\.Ed/ { block = 0 }
    block { print >(to block) }
    inside && /^\.Bd -literal/ { block = ++count }
  ' "$TOP/man/$1"
}

@test "the examples of httpd.conf.5 are sound" {
  local file
  examples_of httpd.conf.5 EXAMPLES
  openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 90 -subj /CN=example.org \
    -addext subjectAltName=DNS:example.org -keyout "$DIR/example.key" -out "$DIR/example.pem" 2>"$DIR/openssl"
  [ -e "$DIR/examples/3" ] || fail "where are they?"
  for file in "$DIR"/examples/*; do
    sed -i -e "s|\"/srv/[a-z]*|\"$ROOT|" -e "s|/var/log/httpd|$DIR|" -e "s|/run/httpd|$DIR|" \
      -e "s|root:www-data|root:root|" -e "s|/etc/httpd/tls|$DIR|" "$file"
    run httpd --config "$file" --test
    assert_equal 0 "$status" || fail "$output"
    refute_match 'warning' "$output"
  done
}

@test "systemd reads the units" {
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
  mkdir "$DIR/units"
  # The program is looked for where the unit says.
  sed "s|=/\(.*\)/httpd --config|=$STAGE/\1/httpd --config|" "$(installed httpd.service)" \
    >"$DIR/units/httpd.service"
  cp "$(installed httpd.socket)" "$DIR/units/"
  run systemd-analyze verify --man=no "$DIR/units/httpd.service" "$DIR/units/httpd.socket"
  assert_equal "0 " "$status $output"
}

@test "sysusers.d and tmpfiles.d are understood" {
  command -v systemd-sysusers >/dev/null || skip "systemd-sysusers is not installed"
  run systemd-sysusers --dry-run "$(installed sysusers.d/httpd.conf)"
  assert_equal 0 "$status"
  [ "$(id -u)" = 0 ] || skip "only root can let systemd-tmpfiles work"
  mkdir -p "$DIR/root/etc"
  echo 'root:x:0:0::/:/bin/sh' >"$DIR/root/etc/passwd"
  echo 'root:x:0:' >"$DIR/root/etc/group"
  run systemd-tmpfiles --create --root="$DIR/root" "$(installed tmpfiles.d/httpd.conf)"
  assert_equal 0 "$status"
  assert_equal 2 "$(find "$DIR/root" -type d -name httpd | wc -l)"
}

@test "logrotate rotates and the server writes to the new file" {
  local rotate
  rotate=$(PATH=$PATH:/usr/sbin:/sbin command -v logrotate) || skip "logrotate is not installed"
  sed -e "s|^/.*{|$DIR/*.log {|" -e "s|/[^ ]*/httpd --config [^ ]*|$HTTPD --config $CONF|" \
    -e '/delaycompress/d' -e '/compress/d' "$(installed logrotate.d/httpd)" >"$DIR/rotate"
  chmod 644 "$DIR/rotate"
  service 0 start
  fetch '/?before' >/dev/null
  wait_until 5 grep -q before "$ACCESS"
  "$rotate" -f -s "$DIR/rotate.state" "$DIR/rotate"
  grep -q before "$ACCESS.1" || fail "not rotated"
  fetch '/?after' >/dev/null
  wait_until 5 grep -q after "$ACCESS" || fail "the line is not in the new file"
  assert_equal 0 "$(grep -c after "$ACCESS.1")"
}

@test "uninstall removes what install has laid down" {
  into_stage uninstall
  run find "$STAGE" \( -type f ! -name '*.log' \) -o \( -type d -empty -name httpd \)
  into_stage install
  assert_equal '' "$output"
}

#!/usr/bin/env bats
#
# OCSP responses that the server fetches itself: from a real responder, a revoked certificate, and responders that are
# away, slow, or somebody else.

load lib

setup() {
  httpd_setup
  claim_port RESPONDER
  RESPONDER_PID=''
  mkdir "$DIR/tls" "$DIR/state"
  SERVER_ENV+=("STATE_DIRECTORY=$DIR/state")
  EC=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1)
}

teardown() {
  [ -z "$RESPONDER_PID" ] || kill "$RESPONDER_PID"
  httpd_teardown
}

authority() { # NAME
  openssl req -x509 -nodes -subj "/CN=$1" -days 90 "${EC[@]}" -keyout "$DIR/tls/$1.key" -out "$DIR/tls/$1.pem" \
    2>"$DIR/openssl"
}

# A certificate for localhost with its issuer behind it.
certificate() { # [RESPONDER'S URL]
  local url=${1-http://127.0.0.1:$RESPONDER/ocsp}
  openssl req -new -nodes -subj /CN=localhost "${EC[@]}" -keyout "$DIR/tls/site.key" -out "$DIR/tls/site.csr" \
    2>"$DIR/openssl"
  printf '%s\n' subjectAltName=DNS:localhost ${url:+"authorityInfoAccess = OCSP;URI:$url"} >"$DIR/tls/extensions"
  openssl x509 -req -in "$DIR/tls/site.csr" -CA "$DIR/tls/ca.pem" -CAkey "$DIR/tls/ca.key" -CAcreateserial -days 60 \
    -extfile "$DIR/tls/extensions" -out "$DIR/tls/leaf.pem" 2>"$DIR/openssl"
  cat "$DIR/tls/leaf.pem" "$DIR/tls/ca.pem" >"$DIR/tls/site.pem"
}

# What the responder knows: the certificate is V(alid) or R(evoked).
index() { # V|R
  local serial date revoked=''
  serial=$(openssl x509 -in "$DIR/tls/leaf.pem" -noout -serial | cut -d= -f2)
  date=$(date -u -d '+30 days' +%y%m%d%H%M%SZ)
  [ "$1" = V ] || revoked=$(date -u -d '-1 day' +%y%m%d%H%M%SZ)
  printf '%s\t%s\t%s\t%s\tunknown\t/CN=localhost\n' "$1" "$date" "$revoked" "$serial" >"$DIR/tls/index"
}

responder() { # V|R [SIGNER]
  local signer=${2-ca}
  index "$1"
  openssl ocsp -port "$RESPONDER" -index "$DIR/tls/index" -rsigner "$DIR/tls/$signer.pem" -rkey "$DIR/tls/$signer.key" \
    -CA "$DIR/tls/ca.pem" -ndays 7 >"$DIR/responder" 2>&1 3>&- &
  RESPONDER_PID=$!
  wait_until 5 port_in_use "$RESPONDER"
}

configure() {
  httpd_config <<EOF
listen = ( { address = "127.0.0.1"; port = $PORT; tls = true; } );
sites = ( { names = [ "localhost" ]; root = "$ROOT";
  tls = { certificate = "$DIR/tls/site.pem"; key = "$DIR/tls/site.key"; ocsp_stapling = "fetch"; }; } );
EOF
}

begin() {
  httpd_spawn
  wait_until 10 serves || fail "not ready: $(tail -n 20 "$DIR/stderr" "$ERRORS" 2>&1)"
}

serves() {
  [ "$(curl -sS --max-time 5 --cacert "$DIR/tls/ca.pem" --connect-to "::127.0.0.1:$PORT" "https://localhost:$PORT/")" = hello ]
}

stapled() {
  openssl s_client -connect "127.0.0.1:$PORT" -servername localhost -status -CAfile "$DIR/tls/ca.pem" </dev/null 2>&1 |
    grep -q 'Cert Status: good'
}

@test "a response is fetched at the start, shown, and kept for the next start" {
  authority ca
  certificate
  responder V
  configure
  begin
  wait_until 20 stapled
  assert_log "a new OCSP response for '.*site.pem' was fetched"
  curl -sS --max-time 5 --cacert "$DIR/tls/ca.pem" --cert-status --connect-to "::127.0.0.1:$PORT" -o "$DIR/got" \
    "https://localhost:$PORT/"
  httpd_stop
  kill "$RESPONDER_PID"
  RESPONDER_PID=''
  begin
  stapled
  assert_equal 1 "$(find "$DIR/state" -name 'ocsp-*' | wc -l)"
}

@test "who asks for it has no power" {
  [ "$(id -u)" = 0 ] || skip 'needs root, to have somebody less'
  authority ca
  certificate
  # Takes the connection and says nothing, so that the helper can be looked at.
  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c = s.accept()
time.sleep(60)' "$RESPONDER" 3>&- &
  RESPONDER_PID=$!
  wait_until 5 port_in_use "$RESPONDER"
  configure
  begin
  local helper
  wait_until 5 asks helper
  refute_match '^Uid:[[:space:]]0' "$(grep '^Uid:' "/proc/$helper/status")"
  assert_match '^CapEff:[[:space:]]0+$' "$(grep '^CapEff:' "/proc/$helper/status")"
  # Nobody waits for it, not even the end.
  serves
  httpd_stop QUIT
  wait_until 2 gone "$helper"
}

asks() { # VARIABLE
  local -n found=$1
  local first
  for first in $(pgrep -P "$MASTER"); do
    found=$(pgrep -P "$first" | head -n 1)
    [ -z "$found" ] || return 0
  done
  return 1
}

@test "a revoked certificate is told of and nothing is shown" {
  authority ca
  certificate
  responder R
  configure
  begin
  assert_log "no OCSP response for '.*site.pem': the certificate is revoked"
  serves
  run ! stapled
}

@test "a responder that is away, or somebody else, costs a line in the log" {
  authority ca
  certificate
  configure
  begin
  serves
  # The library tries again for as long as it may.
  wait_until 30 log_says "no OCSP response for '.*site.pem': http://127.0.0.1:$RESPONDER/ocsp does not answer"
  httpd_stop
  authority impostor
  responder V impostor
  begin
  assert_log "no OCSP response for '.*site.pem': its signature is not the issuer's"
  serves
  run ! stapled
  assert_equal '' "$(ls "$DIR/state")"
}

@test "a response for the certificate before this one is not shown" {
  authority ca
  certificate
  responder V
  configure
  begin
  wait_until 20 stapled
  httpd_stop
  kill "$RESPONDER_PID"
  RESPONDER_PID=''
  certificate
  begin
  serves
  run ! stapled
}

@test "--test tells when there is nobody to ask" {
  authority ca
  certificate ''
  configure
  run -0 httpd --config "$CONF" --test
  assert_match "warning: tls.ocsp_stapling: the certificate in '.*site.pem' names no OCSP responder: nothing can be fetched" "$output"
  certificate
  cp "$DIR/tls/leaf.pem" "$DIR/tls/site.pem"
  run -0 httpd --config "$CONF" --test
  assert_match 'is not followed by that of its issuer' "$output"
}

#!/usr/bin/env bats
#
# HTTPS: versions, certificates, sessions, client certificates, and what goes wrong with any of them.

load lib

setup() {
  httpd_setup
  claim_port TLS_PORT
  mkdir "$DIR/tls"
  SERVER_ENV+=("STATE_DIRECTORY=$DIR/state")
}

teardown() { httpd_teardown; }

# ---- certificates and configurations -------------------------------------------------------------

# A certificate that vouches for itself: NAME.pem and NAME.key.
make_certificate() { # NAME SUBJECT-ALTERNATIVE-NAMES [OPTION OF openssl req...]
  local name=$1 names=$2
  shift 2
  [[ " $* " = *' -newkey '* ]] || set -- -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "$@"
  openssl req -x509 -nodes -subj "/CN=$name" -addext "subjectAltName=$names" -days 90 "$@" \
    -keyout "$DIR/tls/$name.key" -out "$DIR/tls/$name.pem" 2>"$DIR/openssl"
}

# One that an authority of ours signs; for clients, too.
make_authority() {
  openssl req -x509 -nodes -subj "/CN=Test authority" -days 90 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
    -keyout "$DIR/tls/ca.key" -out "$DIR/tls/ca.pem" 2>"$DIR/openssl"
}

make_signed() { # NAME SUBJECT
  openssl req -new -nodes -subj "$2" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
    -keyout "$DIR/tls/$1.key" -out "$DIR/tls/$1.csr" 2>"$DIR/openssl"
  openssl x509 -req -in "$DIR/tls/$1.csr" -CA "$DIR/tls/ca.pem" -CAkey "$DIR/tls/ca.key" -CAcreateserial -days 30 \
    -out "$DIR/tls/$1.pem" 2>"$DIR/openssl"
}

tls_of() { # NAME [MORE SETTINGS]
  echo "tls = { certificate = \"$DIR/tls/$1.pem\"; key = \"$DIR/tls/$1.key\"; ${2-} };"
}

listens() {
  echo "listen = ( { address = \"127.0.0.1\"; port = $PORT; }, { address = \"127.0.0.1\"; port = $TLS_PORT; tls = ${1:-true}; } );"
}

# One site for localhost, with these settings of tls and of the site.
one_site() { # [TLS-SETTINGS [SITE-SETTINGS [TOP-SETTINGS]]]
  [ -e "$DIR/tls/localhost.pem" ] || make_certificate localhost DNS:localhost
  httpd_config <<EOF
$(listens)
${3-}
sites = ( { names = [ "localhost", "127.0.0.1" ]; root = "$ROOT"; $(tls_of localhost "${1-}") ${2-} } );
EOF
}

# Three sites with a page that says which one it is: a.test with a certificate, the wildcard of b.test
# with another, c.test without.
three_sites() { # [SETTINGS OF THE SECOND]
  local name
  for name in a b c; do
    mkdir -p "$ROOT/$name"
    echo "$name" >"$ROOT/$name/index.html"
  done
  make_certificate a DNS:a.test
  make_certificate b 'DNS:b.test,DNS:*.b.test'
  httpd_config <<EOF
$(listens)
sites = (
  { names = [ "a.test" ]; root = "$ROOT/a"; $(tls_of a) },
  { names = [ "b.test", "*.b.test" ]; root = "$ROOT/b"; $(tls_of b "${1-}") },
  { names = [ "c.test", "localhost", "127.0.0.1" ]; root = "$ROOT/c"; }
);
EOF
}

# ---- asking --------------------------------------------------------------------------------------

# Over HTTPS to any host, without a look at the certificate.
secure() { # HOST PATH [CURL-OPTION...]
  local host=$1 path=$2
  shift 2
  curl -sS --max-time 10 --noproxy '*' -k --connect-to "::127.0.0.1:$TLS_PORT" "$@" "https://$host:$TLS_PORT$path"
}

secure_status() { # HOST PATH [CURL-OPTION...]
  secure "$@" -o "$DIR/body" -w '%{http_code}'
}

# What openssl s_client tells of a connection over which nothing is asked.
handshake() { # [OPTION...]
  openssl s_client -connect "127.0.0.1:$TLS_PORT" "$@" </dev/null 2>&1
}

# The name in the certificate that is shown.
shown() { # SERVER-NAME [OPTION...]
  local name=$1
  shift
  handshake -servername "$name" "$@" | openssl x509 -noout -subject -nameopt multiline 2>"$DIR/openssl" |
    sed -n 's/ *commonName *= //p'
}

# Asks once with a session kept in a file and says New or Reused.
session() { # OPTION...
  (printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'; sleep 0.3) |
    openssl s_client -connect "127.0.0.1:$TLS_PORT" -servername localhost -ign_eof "$@" 2>&1 |
    sed -n 's/^\(New\|Reused\), TLS.*/\1/p' | head -n 1
}

tls_peer() {
  python3 "$TOP/tests/e2e/tls_peer.py" "$@"
}

test_says() { # REGEX; --test fails with it
  run httpd --config "$CONF" --test
  [ "$status" = 1 ] || fail "--test passed: $output"
  assert_match "$1" "$output"
}

test_warns() { # REGEX; --test passes with it
  run httpd --config "$CONF" --test
  [ "$status" = 0 ] || fail "--test failed: $output"
  assert_match "warning: .*$1" "$output"
}

# ---- the basics ----------------------------------------------------------------------------------

@test "a file over TLS 1.3 and 1.2, with a certificate that verifies" {
  one_site
  head -c 300000 /dev/urandom >"$ROOT/big"
  httpd_start
  local max
  for max in 1.3 1.2; do
    assert_equal hello "$(secure localhost / --tls-max "$max" --cacert "$DIR/tls/localhost.pem")"
    secure localhost /big --tls-max "$max" | cmp - "$ROOT/big"
  done
  assert_equal hello "$(fetch /)"
}

@test "TLS 1.1 is refused, and said to be too old" {
  one_site
  httpd_start
  run handshake -tls1_1 -cipher 'ALL:@SECLEVEL=0'
  assert_match 'protocol version' "$output"
  assert_log 'TLS with 127.0.0.1: the client.s TLS is older than tls.min_version allows'
}

@test "min_version 1.3" {
  one_site 'min_version = "1.3";'
  httpd_start
  run secure localhost / --tls-max 1.2
  [ "$status" != 0 ]
  assert_equal hello "$(secure localhost /)"
}

@test "ciphers and curves of one's own" {
  one_site 'ciphers = "TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"; curves = "P-384";'
  httpd_start
  run handshake
  assert_match 'TLS_CHACHA20_POLY1305_SHA256' "$output"
  assert_match 'secp384r1' "$output"
  assert_match 'ECDHE-ECDSA-AES256-GCM-SHA384' "$(handshake -tls1_2)"
}

@test "ALPN: http/1.1 is chosen, another protocol is refused in words" {
  one_site '' '' 'workers = 1;'
  httpd_start
  assert_match 'ALPN protocol: http/1.1' "$(handshake -alpn x,http/1.1)"
  assert_match 'no application protocol' "$(handshake -alpn x)"
  assert_log 'speaks no protocol that is spoken here'
}

@test "requests one after another and pipelined over one connection" {
  one_site
  httpd_start
  assert_equal "200 1200 0" "$(secure localhost / -o "$DIR/1" -w '%{http_code} %{num_connects}' \
    --next -k -sS --connect-to "::127.0.0.1:$TLS_PORT" "https://localhost:$TLS_PORT/" -o "$DIR/2" -w '%{http_code} %{num_connects}')"
  (for _ in {1..50}; do printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'; done
    printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n') |
    openssl s_client -connect "127.0.0.1:$TLS_PORT" -quiet 2>"$DIR/openssl" >"$DIR/answers"
  assert_equal 51 "$(grep -ac '^HTTP/1.1 200' "$DIR/answers")"
  refute_match 'unexpected eof' "$(cat "$DIR/openssl")"
}

@test "content larger than a record is read to its end" {
  one_site
  httpd_start
  head -c 1000000 /dev/zero >"$DIR/upload"
  assert_equal "405 1" "$(secure localhost / --data-binary "@$DIR/upload" -H 'Expect:' -o "$DIR/1" -w '%{http_code} %{num_connects}')"
}

@test "byte by byte, and slowly" {
  one_site
  httpd_start
  head -c 200000 /dev/urandom >"$ROOT/big"
  assert_equal hello "$(tls_peer bytewise "$TLS_PORT" /)"
  assert_equal "$(sha256sum <"$ROOT/big" | cut -d' ' -f1)" "$(tls_peer slow "$TLS_PORT" /big)"
}

@test "records start small" {
  one_site
  httpd_start
  head -c 200000 /dev/urandom >"$ROOT/big"
  [ "$(tls_peer first-record "$TLS_PORT" /big)" -le 1422 ]
}

@test "the end is said: close_notify" {
  one_site '' '' 'timeouts = { idle = "200ms"; };'
  httpd_start
  assert_equal close_notify "$(tls_peer end "$TLS_PORT" /)"
  # An idle connection that is given up.
  (printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'; sleep 1) |
    openssl s_client -connect "127.0.0.1:$TLS_PORT" -quiet >"$DIR/answer" 2>"$DIR/openssl"
  refute_match 'unexpected eof' "$(cat "$DIR/openssl")"
}

@test "renegotiation is refused" {
  one_site
  httpd_start
  run bash -c "(echo R; sleep 0.5) | openssl s_client -tls1_2 -connect 127.0.0.1:$TLS_PORT 2>&1"
  assert_match 'no renegotiation' "$output"
}

@test "a handshake that does not move on is given up" {
  one_site '' '' 'timeouts = { header = "300ms"; };'
  httpd_start
  local socket
  exec {socket}<>"/dev/tcp/127.0.0.1/$TLS_PORT"
  timeout 5 cat <&"$socket" >"$DIR/said"
  exec {socket}>&-
  [ ! -s "$DIR/said" ]
  assert_log 'the handshake took too long'
}

# ---- several certificates ------------------------------------------------------------------------

@test "SNI: by name, by wildcard, and the first for all others" {
  three_sites
  httpd_start
  assert_equal a "$(shown a.test)"
  assert_equal b "$(shown b.test)"
  assert_equal b "$(shown X.b.test.)"
  assert_equal a "$(shown c.test)"
  assert_equal a "$(shown nobody.test)"
  assert_equal a "$(handshake -noservername | openssl x509 -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')"
  assert_equal a "$(secure a.test /)"
  assert_equal b "$(secure www.b.test /)"
  assert_equal c "$(secure c.test /)"
}

@test "RSA beside ECDSA: each client gets what it takes" {
  make_certificate ec DNS:localhost
  make_certificate rsa DNS:localhost -newkey rsa:2048
  httpd_config <<EOF
$(listens)
sites = ( { root = "$ROOT"; tls = {
  certificate = [ "$DIR/tls/rsa.pem", "$DIR/tls/ec.pem" ]; key = [ "$DIR/tls/rsa.key", "$DIR/tls/ec.key" ]; }; } );
EOF
  httpd_start
  assert_equal ec "$(shown localhost -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)"
  assert_equal rsa "$(shown localhost -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)"
  assert_equal rsa "$(shown localhost -sigalgs RSA-PSS+SHA256)"
  assert_equal ec "$(shown localhost)"
}

@test "a site's own oldest version holds for it alone" {
  three_sites 'min_version = "1.3";'
  httpd_start
  run secure b.test / --tls-max 1.2
  [ "$status" != 0 ]
  assert_equal a "$(secure a.test / --tls-max 1.2)"
}

@test "421 for a name whose certificate was not the one shown" {
  three_sites
  httpd_start
  assert_equal 421 "$(secure_status a.test / -H 'Host: b.test')"
  assert_equal 421 "$(secure_status b.test / -H 'Host: a.test')"
  assert_equal 421 "$(secure_status b.test / -H 'Host: c.test')"
  assert_equal 200 "$(secure_status b.test / -H 'Host: www.b.test')"
  assert_equal 200 "$(secure_status a.test / -H 'Host: c.test')"
}

@test "key and certificate in one file" {
  make_certificate one DNS:localhost
  cat "$DIR/tls/one.key" >>"$DIR/tls/one.pem"
  chmod 600 "$DIR/tls/one.pem"
  httpd_config <<EOF
$(listens)
sites = ( { root = "$ROOT"; tls = { certificate = "$DIR/tls/one.pem"; }; } );
EOF
  httpd_start
  assert_equal hello "$(secure localhost /)"
}

# ---- sessions ------------------------------------------------------------------------------------

has_lines() { # NUMBER FILE
  [ "$(wc -l <"$2")" = "$1" ]
}

workers_with_requests() {
  httpd --config "$CONF" --status | grep -cE 'web worker .* requests [1-9]'
}

@test "a session is resumed by every worker, after a reload, kills and an upgrade" {
  local pid version
  one_site
  httpd_start
  for version in 3 2; do
    assert_equal New "$(session "-tls1_$version" -sess_out "$DIR/session")"
    for _ in {1..12}; do
      session "-tls1_$version" -sess_in "$DIR/session" >>"$DIR/reused.$version" &
    done
    wait_until 10 has_lines 12 "$DIR/reused.$version"
    assert_equal Reused "$(sort -u "$DIR/reused.$version")"
    # All workers took part: connections are shared out.
    [ "$(workers_with_requests)" = 2 ]
    httpd_reload
    assert_equal Reused "$(session "-tls1_$version" -sess_in "$DIR/session")"
    for pid in $(worker_pids); do
      kill -KILL "$pid"
    done
    EXPECT_DEATHS=$((${EXPECT_DEATHS:-0} + 2))
    wait_until 10 workers_are 2
    wait_until 10 answers "$PORT"
    assert_equal Reused "$(session "-tls1_$version" -sess_in "$DIR/session")"
  done
  httpd --config "$CONF" --signal upgrade
  wait_until 10 gone "$MASTER"
  MASTER=$(httpd_master) IDLE_FDS=''
  assert_equal Reused "$(session -tls1_2 -sess_in "$DIR/session")"
}

@test "a session is good for its own site only" {
  three_sites
  httpd_start
  (printf 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'; sleep 0.3) |
    openssl s_client -connect "127.0.0.1:$TLS_PORT" -servername a.test -ign_eof -sess_out "$DIR/session" >"$DIR/out" 2>&1
  assert_match 'Reused' "$(handshake -servername a.test -sess_in "$DIR/session")"
  refute_match 'Reused' "$(handshake -servername b.test -sess_in "$DIR/session")"
}

# ---- client certificates -------------------------------------------------------------------------

@test "client certificates: required" {
  make_authority
  make_signed alice '/O=Test/CN=Alice'
  make_certificate mallory DNS:mallory
  one_site "client_ca = \"$DIR/tls/ca.pem\";" '' \
    "log = { access = \"$ACCESS\"; error = \"$ERRORS\"; level = \"info\"; format = \"who=\${tls_client_subject} \${tls_version} \${tls_cipher}\"; };"
  httpd_start
  assert_equal hello "$(secure localhost / --cert "$DIR/tls/alice.pem" --key "$DIR/tls/alice.key")"
  wait_until 5 grep -q 'who=CN=Alice,O=Test TLSv1.3 TLS_AES_128_GCM_SHA256' "$ACCESS"
  run secure localhost /
  [ "$status" != 0 ]
  assert_log 'the client showed no certificate'
  run secure localhost / --cert "$DIR/tls/mallory.pem" --key "$DIR/tls/mallory.key"
  [ "$status" != 0 ]
  assert_log "the client's certificate: self.signed certificate"
}

@test "client certificates: optional, and asked for by one site only" {
  make_authority
  make_signed alice '/CN=Alice'
  three_sites "client_ca = \"$DIR/tls/ca.pem\"; verify = \"optional\";"
  httpd_start
  assert_equal b "$(secure b.test /)"
  assert_equal b "$(secure b.test / --cert "$DIR/tls/alice.pem" --key "$DIR/tls/alice.key")"
  assert_match 'Test authority' "$(handshake -servername b.test)"
  refute_match 'Test authority' "$(handshake -servername a.test)"
}

# ---- from HTTP to HTTPS --------------------------------------------------------------------------

@test "plain HTTP on a TLS port gets an answer that says so" {
  one_site
  httpd_start
  run curl -sS "http://127.0.0.1:$TLS_PORT/x%20y?z" -w '\n%{http_code}'
  assert_match "This port speaks HTTPS. Try https://127.0.0.1:$TLS_PORT/x%20y\?z" "$output"
  assert_equal 400 "${lines[-1]}"
  assert_log '127.0.0.1 speaks plain HTTP on a TLS port'
  wait_until 5 grep -q '"GET /x%20y?z HTTP/1.1" 400' "$ACCESS"
}

@test "what is neither TLS nor HTTP is cut off, in words" {
  one_site
  httpd_start
  PORT=$TLS_PORT run raw '\x01\x02\x03\x04\x05\x06\x07\x08'
  assert_log 'the peer does not speak TLS'
}

@test "redirect_https, HSTS" {
  one_site 'hsts = "180d";' 'redirect_https = true;'
  httpd_spawn
  wait_until 10 answers "$PORT"
  assert_equal "https://localhost:$TLS_PORT/a%20b?c=d" "$(curl -s -o "$DIR/o" -w '%{redirect_url}' -H 'Host: localhost' "http://127.0.0.1:$PORT/a%20b?c=d")"
  assert_equal 301 "$(status_of /)"
  assert_equal 308 "$(status_of / -d x)"
  assert_equal '' "$(field_of Strict-Transport-Security /)"
  assert_match '[Ss]trict-[Tt]ransport-[Ss]ecurity: max-age=15552000' "$(secure localhost / -D -)"
  # On the wrong port, too.
  assert_equal "301 https://127.0.0.1:$TLS_PORT/" "$(curl -s -o "$DIR/o" -w '%{http_code} %{redirect_url}' "http://127.0.0.1:$TLS_PORT/")"
}

# ---- renewal -------------------------------------------------------------------------------------

@test "a renewed certificate is taken up by reload, and no connection is touched" {
  one_site
  httpd_start
  local old new
  old=$(handshake | openssl x509 -noout -serial)
  coproc talker { tls_peer talk "$TLS_PORT"; }
  echo >&"${talker[1]}"
  read -r -t 10 answer <&"${talker[0]}"
  assert_equal 200 "$answer"
  make_certificate localhost DNS:localhost
  httpd_reload
  new=$(handshake | openssl x509 -noout -serial)
  [ "$old" != "$new" ] || fail "the old certificate is shown"
  echo >&"${talker[1]}"
  read -r -t 10 answer <&"${talker[0]}"
  assert_equal 200 "$answer"
}

@test "a renewed certificate that can not be used changes nothing" {
  one_site
  httpd_start
  local old
  old=$(handshake | openssl x509 -noout -serial)
  make_certificate other DNS:localhost
  cp "$DIR/tls/other.pem" "$DIR/tls/localhost.pem"
  run httpd_reload
  [ "$status" = 1 ]
  assert_match "is not that of the certificate" "$output"
  assert_equal "$old" "$(handshake | openssl x509 -noout -serial)"
}

serial_is_not() { # SERIAL
  [ "$(handshake | openssl x509 -noout -serial)" != "$1" ]
}

@test "a renewed certificate is taken up by itself, and the rest of the file is not" {
  [ -z "${TEST_SHIM-}" ] || skip "it takes a minute and has nothing to do with sockets"
  one_site
  httpd_start
  local old
  old=$(handshake | openssl x509 -noout -serial)
  make_certificate localhost DNS:localhost
  echo 'half an edit' >>"$CONF"
  wait_until 90 serial_is_not "$old"
  assert_log 'files have changed'
  assert_equal hello "$(fetch /)"
}

@test "--status tells how long certificates last" {
  one_site
  httpd_start
  run httpd --config "$CONF" --status
  assert_match "certificate: $DIR/tls/localhost.pem, (89|90) days left" "$output"
}

# ---- OCSP ----------------------------------------------------------------------------------------

@test "OCSP stapling from a file" {
  make_authority
  make_signed localhost '/CN=localhost'
  local serial
  serial=$(openssl x509 -in "$DIR/tls/localhost.pem" -noout -serial | cut -d= -f2)
  printf 'V\t%s\t\t%s\tunknown\t/CN=localhost\n' "$(date -u -d '+30 days' +%y%m%d%H%M%SZ)" "$serial" >"$DIR/tls/index"
  openssl ocsp -index "$DIR/tls/index" -rsigner "$DIR/tls/ca.pem" -rkey "$DIR/tls/ca.key" -CA "$DIR/tls/ca.pem" \
    -issuer "$DIR/tls/ca.pem" -cert "$DIR/tls/localhost.pem" -ndays 7 -respout "$DIR/tls/ocsp.der" >"$DIR/openssl" 2>&1
  one_site "ocsp_stapling = \"$DIR/tls/ocsp.der\";"
  httpd_start
  assert_match 'OCSP Response Status: successful' "$(handshake -status)"
  echo nonsense >"$DIR/tls/ocsp.der"
  test_warns 'is no OCSP response'
}

@test "settings of all sites can be read back from a dump" {
  one_site '' '' 'tls = { min_version = "1.3"; };'
  httpd --config "$CONF" --dump >"$DIR/dump.conf"
  httpd --config "$DIR/dump.conf" --test
}

# ---- what --test says ----------------------------------------------------------------------------

@test "--test: key and certificate that do not belong together" {
  make_certificate other DNS:localhost
  one_site
  cp "$DIR/tls/other.key" "$DIR/tls/localhost.key"
  test_says "httpd.conf:[0-9]+: tls: the key in '.*localhost.key' is not that of the certificate in '.*localhost.pem'"
}

@test "--test: unreadable, missing, empty, encrypted" {
  one_site
  rm "$DIR/tls/localhost.key"
  test_says "tls: cannot read key '.*localhost.key': No such file"
  make_certificate localhost DNS:localhost
  : >"$DIR/tls/localhost.pem"
  test_says "has no certificate in it"
  make_certificate localhost DNS:localhost
  openssl ec -in "$DIR/tls/localhost.key" -aes128 -passout pass:secret -out "$DIR/tls/e.key" 2>"$DIR/openssl"
  mv "$DIR/tls/e.key" "$DIR/tls/localhost.key"
  test_says 'is encrypted'
}

@test "--test: weak keys and signatures" {
  make_certificate localhost DNS:localhost -newkey rsa:1024
  one_site
  test_says 'weak: an RSA key of 1024 bits'
  make_certificate localhost DNS:localhost -sha1
  test_says 'signed with MD5 or SHA-1'
}

# A certificate with dates of one's own.
make_dated() { # BEGIN END, as openssl ca wants them
  mkdir -p "$DIR/ca"
  : >"$DIR/ca/index"
  printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s/ca/index\nrand_serial=yes\nnew_certs_dir=%s/ca\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n' \
    "$DIR" "$DIR" >"$DIR/ca/conf"
  openssl req -new -nodes -subj /CN=localhost -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
    -keyout "$DIR/tls/localhost.key" -out "$DIR/ca/csr" 2>"$DIR/openssl"
  openssl ca -batch -selfsign -config "$DIR/ca/conf" -keyfile "$DIR/tls/localhost.key" -in "$DIR/ca/csr" -notext \
    -extensions e -startdate "$1" -enddate "$2" -out "$DIR/tls/localhost.pem" 2>"$DIR/openssl"
}

@test "--test: expired, not yet valid, about to expire are warnings" {
  make_dated 20200101000000Z 20210101000000Z
  one_site
  test_warns "the certificate in '.*localhost.pem' has expired [0-9]+ days ago"
  make_dated "$(date -u -d '+3 days' +%Y%m%d%H%M%SZ)" "$(date -u -d '+30 days' +%Y%m%d%H%M%SZ)"
  test_warns 'is not yet valid'
  make_dated 20200101000000Z "$(date -u -d '+12 days 12 hours' +%Y%m%d%H%M%SZ)"
  test_warns 'expires in 12 days'
  # The server starts all the same, and says so.
  httpd_start
  assert_log 'expires in 12 days'
  assert_equal hello "$(secure localhost /)"
}

@test "--test: a certificate without the site's name is a warning" {
  make_certificate localhost DNS:elsewhere.test
  one_site
  test_warns "does not have the site's name 'localhost', '127.0.0.1'"
}

@test "--test: numbers of files, verify without authority, ciphers, curves, no certificate at all" {
  one_site "verify = \"optional\"; ciphers = \"NONSENSE\"; curves = \"K-9\"; ocsp_stapling = [ \"a\", \"b\" ];"
  test_says "tls.verify: needs 'client_ca'"
  assert_match "tls.ciphers: no cipher known here in 'NONSENSE'" "$output"
  assert_match "tls.curves: 'K-9' is no list of groups" "$output"
  assert_match 'tls.ocsp_stapling: 2 files for 1 certificates' "$output"
  httpd_config <<EOF
$(listens)
EOF
  test_says 'listen.tls: no site has a certificate'
  httpd_config <<EOF
listen = ( { address = "127.0.0.1"; port = $PORT; } );
sites = ( { root = "$ROOT"; redirect_https = true; } );
EOF
  test_says 'redirect_https: no listen entry speaks HTTPS'
}

# ---- a certificate made on the spot --------------------------------------------------------------

@test "tls = \"self\": made once, kept, and good for localhost" {
  httpd_config <<EOF
$(listens '"self"')
EOF
  httpd_start
  assert_equal hello "$(curl -sS --cacert "$DIR/state/self.pem" "https://localhost:$TLS_PORT/" --resolve "localhost:$TLS_PORT:127.0.0.1")"
  assert_equal hello "$(curl -sS --cacert "$DIR/state/self.pem" "https://127.0.0.1:$TLS_PORT/")"
  grep -q "to trust it: curl --cacert $DIR/state/self.pem" "$DIR/stderr"
  assert_equal 600 "$(stat -c %a "$DIR/state/self.key")"
  local before
  before=$(sha256sum "$DIR/state/self.pem")
  httpd_reload
  httpd_stop
  httpd_start
  assert_equal "$before" "$(sha256sum "$DIR/state/self.pem")"
}

@test "--tls DIRECTORY: both URLs, each on a line of its own" {
  ! port_in_use 8443 || skip "somebody listens on port 8443"
  httpd_spawn --tls --port "$PORT" --workers 1 --log-level info "$ROOT"
  wait_until 10 grep -q 'open https://' "$DIR/stderr"
  grep -qE "open http://localhost:$PORT/" "$DIR/stderr"
  grep -qE "open https://localhost:8443/" "$DIR/stderr"
  assert_equal hello "$(curl -sS --cacert "$DIR/state/self.pem" https://localhost:8443/)"
}

#!/usr/bin/env bats
#
# Who may ask: names and passwords against a file of users.

load lib
setup() {
  httpd_setup
  USERS=$DIR/etc/users
  mkdir "$DIR/etc"
  chmod 755 "$DIR/etc"
}
teardown() { httpd_teardown; }

# A file that everybody can read is warned of, and root's own is not for the workers' user.
protect() { # FILE...
  if [ "$(id -u)" = 0 ]; then
    chgrp "$(id -g nobody)" "$@"
    chmod 640 "$@"
  else
    chmod 600 "$@"
  fi
}

users() { # USER PASSWORD [HTPASSWD-OPTION...]
  local user=$1 password=$2
  shift 2
  command -v htpasswd >/dev/null || skip "htpasswd (apache2-utils) is missing"
  [ $# -gt 0 ] || set -- -B -C 5
  [ -e "$USERS" ] || set -- -c "$@"
  htpasswd -b "$@" "$USERS" "$user" "$password" 2>/dev/null
  protect "$USERS"
}

site() { # KEYS-OF-AUTH [ROUTES]
  httpd_config <<<"sites = ( { root = \"$ROOT\"; names = \"site.example\";
    auth = { realm = \"Private\"; users = \"$USERS\"; $1 }; ${2-} } );"
}

@test "without a password 401 with realm and charset, with the right one the file, over HTTP/1 and 2" {
  users alice secret
  users bob 'pass:wörd' -B -C 4
  site ''
  httpd_start
  local version
  for version in --http1.1 --http2-prior-knowledge; do
    assert_status 401 / "$version"
    assert_equal 'Basic realm="Private", charset="UTF-8"' "$(field_of www-authenticate / "$version")"
    assert_equal hello "$(fetch / "$version" -u alice:secret)"
    assert_equal hello "$(fetch / "$version" -u 'bob:pass:wörd')"
    assert_status 401 /none "$version"
    assert_status 404 /none "$version" -u alice:secret
    assert_status 401 / "$version" -I
  done
}

@test "what htpasswd, openssl and httpd itself make is taken: bcrypt, apr1, SHA-2, yescrypt" {
  users b secret -B -C 4
  users a secret -m
  {
    echo "five:$(openssl passwd -5 secret)"
    echo "six:$(openssl passwd -6 secret)"
    httpd --hash-password own <<<secret
  } >>"$USERS"
  grep -qF "own:\$y\$" "$USERS"
  site ''
  run httpd --config "$CONF" --test
  assert_equal 0 "$status"
  assert_match 'apr1 is weak' "$output"
  httpd_start
  local user
  for user in b a five six own; do
    assert_status 200 / -u $user:secret
    assert_status 401 / -u $user:Secret
  done
}

@test "a wrong password is in the log, in a form of its own, and the user in the access log" {
  users alice secret
  site ''
  httpd_start
  assert_status 401 / -u alice:guess
  assert_log 'auth: wrong credentials for "alice" from 127\.0\.0\.1 on site\.example$'
  assert_status 401 / -u $'mal"lory\x5c:x'
  assert_log 'auth: wrong credentials for "mal\\x22lory\\x5c" from'
  assert_status 200 / -u alice:secret
  is_logged() { grep -q '^127.0.0.1 - alice \[.* 200 ' "$ACCESS"; }
  wait_until 5 is_logged
}

@test "who fails too often is told to come back later, in every worker; others and the known are served" {
  users alice secret
  site 'failures = 4;'
  httpd_start
  assert_status 200 / -u alice:secret
  local i
  for i in 1 2 3 4; do
    assert_status 401 / -u "alice:guess$i"
  done
  for i in 1 2 3 4 5 6; do
    assert_status 429 / -u alice:secret-or-not
  done
  assert_match '^[0-9]+$' "$(field_of retry-after / -u alice:guess)"
  assert_equal 4 "$(grep -c 'wrong credentials' "$ERRORS")"
  # It survives a reload, too.
  httpd_reload
  assert_status 429 / -u alice:guess
}

@test "a changed file is taken up by itself, also one put in its place" {
  users alice secret
  site ''
  httpd_start
  assert_status 200 / -u alice:secret
  password_is() { [ "$(status_of / -u "$1")" = 200 ]; }
  users alice other
  wait_until 5 password_is alice:other
  # What was remembered of the old one is worth nothing.
  no_longer() { [ "$(status_of / -u alice:secret)" != 200 ]; }
  wait_until 5 no_longer
  cp -p "$USERS" "$USERS.new"
  USERS=$USERS.new users carol third
  mv "$USERS.new" "$USERS"
  both() { password_is carol:third && password_is carol:third && password_is alice:other; }
  wait_until 5 both
  # A file that is gone leaves what was known of it.
  mv "$USERS" "$USERS.gone"
  assert_log_of_loss() { password_is carol:third && grep -q 'cannot read password file' "$ERRORS"; }
  wait_until 5 assert_log_of_loss
}

@test "auth is inherited, and turned off further in; require lets some pass" {
  users alice secret
  users bob secret
  mkdir "$ROOT/open" "$ROOT/bobs"
  echo open >"$ROOT/open/index.html"
  echo bobs >"$ROOT/bobs/index.html"
  site '' 'routes = (
    { path = "/open/*"; auth = "off"; files = { }; },
    { path = "/bobs/*"; auth = { require = "bob"; }; files = { }; },
    { path = "/*"; files = { }; } );'
  httpd_start
  assert_status 200 /open/
  assert_status 401 /bobs/
  assert_status 403 /bobs/ -u alice:secret
  assert_status 200 /bobs/ -u bob:secret
  assert_status 200 / -u alice:secret
}

@test "uploads behind a password need no other word, and come through whole" {
  users alice secret
  mkdir -m 777 "$DIR/store"
  chmod 777 "$DIR/store"
  httpd_config <<<"sites = ( { root = \"$ROOT\"; routes = (
    { path = \"/store/*\"; auth = { users = \"$USERS\"; }; files = { root = \"$DIR/store\"; write = true; }; } ); } );"
  httpd_start
  head -c 300000 /dev/urandom >"$DIR/sent"
  assert_status 401 /store/a -T "$DIR/sent"
  assert_status 201 /store/a -T "$DIR/sent" -u alice:secret
  cmp "$DIR/sent" "$DIR/store/a"
  assert_status 201 /store/b -T "$DIR/sent" -u alice:secret --http2-prior-knowledge
  cmp "$DIR/sent" "$DIR/store/b"
}

@test "a flood of wrong passwords is bounded: refused or told busy, and nobody else notices" {
  users alice secret -B -C 10
  site 'failures = 10000;' 'routes = ( { path = "/open/*"; auth = false; files = { root = "'"$ROOT"'"; }; },
    { path = "/*"; files = { }; } );'
  httpd_start
  # More at once than the queues of two workers take.
  seq 150 | xargs -P 100 -I{} curl -s -o /dev/null --max-time 5 -w '%{http_code}\n' -u 'alice:guess{}' \
    "http://127.0.0.1:$PORT/" >"$DIR/codes" &
  local flood=$! i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    assert_status 200 /open/
  done
  wait $flood || true # curl's time-outs
  run grep -cvE "^(401|503|000)\$" "$DIR/codes"
  assert_equal 0 "$output"
  grep -q 503 "$DIR/codes"
  # Those who gave up are still in the queue, and their answers are slowed down like others.
  local pid
  for pid in $(worker_pids); do wait_until 60 no_connection "$pid"; done
}

@test "--test finds what is wrong with the file of users, as the workers' user sees it" {
  users alice secret
  echo 'bob:plain' >>"$USERS"
  site ''
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "httpd.conf:2: auth.users: $USERS:2: not a hash" "$output"
  sed -i 2d "$USERS"
  chmod 644 "$USERS"
  run httpd --config "$CONF" --test
  assert_equal 0 "$status"
  assert_match "warning: auth.users: everybody on this machine can read" "$output"
  if [ "$(id -u)" = 0 ]; then
    chmod 600 "$USERS"
    chown 0:0 "$USERS"
    run httpd --config "$CONF" --test
    assert_equal 1 "$status"
    assert_match "'$USERS' can not be read by the worker's user" "$output"
  fi
}

@test "a client certificate is needed on one route, and names the user" {
  claim_port TLS_PORT
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=localhost' \
    -keyout "$DIR/etc/key.pem" -out "$DIR/etc/cert.pem" 2>"$DIR/openssl"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/O=Test/CN=alice' \
    -keyout "$DIR/alice.key" -out "$DIR/etc/alice.pem" 2>"$DIR/openssl"
  chmod 644 "$DIR/etc/"*.pem
  mkdir "$ROOT/in"
  echo in >"$ROOT/in/index.html"
  httpd_config <<<"listen = ( { address = \"127.0.0.1\"; port = $PORT; }, { address = \"127.0.0.1\"; port = $TLS_PORT; tls = true; } );
    sites = ( { root = \"$ROOT\"; routes = (
      { path = \"/in/*\"; files = { }; auth = { client = true; }; }, { path = \"/*\"; files = { }; } );
      tls = { certificate = \"$DIR/etc/cert.pem\"; key = \"$DIR/etc/key.pem\"; client_ca = \"$DIR/etc/alice.pem\"; verify = \"optional\"; }; } );"
  httpd_start
  local url="https://127.0.0.1:$TLS_PORT" version
  for version in --http1.1 --http2; do
    assert_equal 200 "$(curl -sk $version -o "$DIR/o" -w '%{http_code}' "$url/")"
    assert_equal 403 "$(curl -sk $version -o "$DIR/o" -w '%{http_code}' "$url/in/")"
    assert_equal in "$(curl -sk $version --cert "$DIR/etc/alice.pem" --key "$DIR/alice.key" "$url/in/")"
  done
  assert_status 403 /in/
  is_in_log() { grep -q '^127.0.0.1 - alice \[.*/in/.* 200 ' "$ACCESS"; }
  wait_until 5 is_in_log
}

@test "another route says who passes: yes with a name, no, and where to log in" {
  users alice secret
  httpd_config <<<"sites = ( { root = \"$ROOT\"; auth = { request = \"/check/in\"; }; routes = (
    { path = \"/check/in\"; auth = { users = \"$USERS\"; };
      respond = { status = 204; headers = [ \"X-Auth-User: \${user}-of-\${http_x_original_uri}\" ]; }; },
    { path = \"/check/login\"; auth = false; redirect = \"/login\"; status = 302; },
    { path = \"/check/broken\"; auth = false; respond = { status = 500; }; },
    { path = \"/login/*\"; auth = { request = \"/check/login\"; }; files = { }; },
    { path = \"/broken/*\"; auth = { request = \"/check/broken\"; }; files = { }; },
    { path = \"/*\"; files = { }; } ); } );"
  httpd_start
  local version
  for version in --http1.1 --http2-prior-knowledge; do
    assert_status 401 / $version
    assert_match '^Basic ' "$(field_of www-authenticate / $version)"
    assert_equal hello "$(fetch / $version -u alice:secret)"
    assert_status 401 / $version -u alice:guess
    assert_status 404 /none $version -u alice:secret
    assert_status 302 /login/ $version
    assert_match '/login$' "$(field_of location /login/ $version)"
    assert_status 502 /broken/ $version
  done
  # One line for each request of a client, and none for what the server asked itself.
  is_told() { grep -q 'alice-of-/none \[.*GET /none HTTP/2' "$ACCESS"; }
  wait_until 5 is_told
  run grep -c 'check' "$ACCESS"
  assert_equal 0 "$output"
}

base64url() {
  openssl base64 -A | tr -- '+/' '-_' | tr -d =
}

# The two numbers in DER as they are, 32 bytes each.
raw_ecdsa() {
  openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' |
    while read -r hex; do printf '%64s' "$hex" | tr ' ' 0; done | xxd -r -p
}

token() { # ALGORITHM KEY PAYLOAD
  local text
  text="$(printf '{"alg":"%s","typ":"JWT"}' "$1" | base64url).$(printf %s "$3" | base64url)"
  printf '%s.' "$text"
  case $1 in
    HS256) printf %s "$text" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(tr -d '\n' <"$2" | xxd -p -c 999)" -binary ;;
    RS256) printf %s "$text" | openssl dgst -sha256 -sign "$2" ;;
    ES256) printf %s "$text" | openssl dgst -sha256 -sign "$2" | raw_ecdsa ;;
  esac | base64url
}

with_tokens() { # KEYS-OF-JWT
  command -v xxd >/dev/null || skip "xxd is missing"
  "$HTTPD" --version | grep -q jansson || skip "built without jansson"
  httpd_config <<<"log = { access = \"$ACCESS\"; error = \"$ERRORS\"; format = \"\${status} \${user} \${claim_role}\"; level = \"info\"; };
    sites = ( { root = \"$ROOT\"; auth = { realm = \"Private\"; jwt = { $1 }; }; } );"
}

@test "tokens: HS256 by a secret, RS256 and ES256 by public keys; their claims are variables" {
  openssl rand -base64 48 >"$DIR/etc/secret"
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$DIR/rsa.key" 2>"$DIR/openssl" ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$DIR/rsa.key" 2>"$DIR/openssl"
  openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/ec.key"
  { openssl pkey -in "$DIR/rsa.key" -pubout; openssl pkey -in "$DIR/ec.key" -pubout; } >"$DIR/etc/keys.pem"
  chmod 644 "$DIR/etc/keys.pem"
  protect "$DIR/etc/secret"
  local later good algorithm version
  later=$(($(date +%s) + 600))
  good='{"sub":"alice","role":"editor","exp":'$later'}'
  with_tokens "key = \"$DIR/etc/keys.pem\"; cookie = \"session\";"
  httpd_start
  assert_status 401 /
  assert_equal 'Bearer realm="Private"' "$(field_of www-authenticate /)"
  for version in --http1.1 --http2-prior-knowledge; do
    for algorithm in RS256:rsa ES256:ec; do
      local t
      t=$(token "${algorithm%:*}" "$DIR/${algorithm#*:}.key" "$good")
      assert_equal hello "$(fetch / $version -H "Authorization: Bearer $t")"
      assert_equal hello "$(fetch / $version -b "a=b; session=$t; c=d")"
      assert_status 401 / $version -H "Authorization: Bearer ${t%?????}AAAAA"
      assert_status 401 / $version -b "sessions=$t"
    done
  done
  is_logged_with_role() { grep -qx '200 alice editor' "$ACCESS"; }
  wait_until 5 is_logged_with_role
  assert_status 401 / -H "Authorization: Bearer $(token HS256 "$DIR/etc/keys.pem" "$good")"
  assert_match 'error="invalid_token", error_description="the signature is wrong"' \
    "$(field_of www-authenticate / -H "Authorization: Bearer $(token HS256 "$DIR/etc/keys.pem" "$good")")"
  assert_match 'the token has expired' \
    "$(field_of www-authenticate / -H "Authorization: Bearer $(token ES256 "$DIR/ec.key" '{"exp":1}')")"
  run httpd -c "$CONF" -e "$(url /)"
  assert_match 'answer      auth: 401: no token ' "$output"
  run httpd -c "$CONF" -e "$(url /)" -H "Authorization: Bearer $(token ES256 "$DIR/ec.key" '{"exp":1}')"
  assert_match 'answer      auth: 401: the token has expired ' "$output"
  # Another key in its place is taken up by itself.
  cp "$DIR/etc/secret" "$DIR/etc/keys.new"
  chmod 644 "$DIR/etc/keys.new"
  mv "$DIR/etc/keys.new" "$DIR/etc/keys.pem"
  by_secret() { [ "$(status_of / -H "Authorization: Bearer $(token HS256 "$DIR/etc/secret" "$good")")" = 200 ]; }
  wait_until 5 by_secret
  assert_status 401 / -H "Authorization: Bearer $(token ES256 "$DIR/ec.key" "$good")"
}

@test "--test finds what is wrong with keys of tokens" {
  with_tokens "cookie = \"x\";"
  run httpd --config "$CONF" --test
  assert_match "auth.jwt: 'key' is missing" "$output"
  echo short >"$DIR/etc/secret"
  with_tokens "key = \"$DIR/etc/secret\";"
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "auth.jwt.key: '$DIR/etc/secret': a secret has at least 32 bytes" "$output"
  openssl rand -base64 48 >"$DIR/etc/secret"
  with_tokens "key = \"$DIR/etc/secret\"; algorithms = [ \"ES256\", \"none\" ];"
  chmod 644 "$DIR/etc/secret"
  run httpd --config "$CONF" --test
  assert_equal 1 "$status"
  assert_match "no key in '$DIR/etc/secret' is for ES256" "$output"
  assert_match "'none' is not one of HS256, RS256 and ES256" "$output"
  assert_match 'everybody on this machine can read the secret' "$output"
}

@test "--hash-password makes a line from standard input, and refuses what can not be one" {
  run httpd --hash-password alice <<<secret
  assert_equal 0 "$status"
  assert_match "^alice:[$](y|6)[$]" "$output"
  run httpd --hash-password <<<secret
  assert_match "^[$](y|6)[$]" "$output"
  run httpd --hash-password a:b <<<secret
  assert_equal 1 "$status"
  run httpd --hash-password alice </dev/null
  assert_equal 1 "$status"
  run httpd --hash-password alice <<<''
  assert_equal 1 "$status"
  run httpd --hash-password alice bob <<<secret
  assert_equal 2 "$status"
}

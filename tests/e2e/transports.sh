#!/usr/bin/env bash
#
# transports.sh - the suites and tests with the tag `transports` once more over HTTPS and HTTP/2; without those that
# have the tag `once`, since a transport has no part in them. The ordinary run is over HTTP/1.1 in the clear.
#
#   transports.sh [PROTO...]      default: h1s h2 h2c
set -u
here=$(dirname "${BASH_SOURCE[0]}")
if ! command -v bats >/dev/null; then
  exec bash "$here/run"
fi
[ $# -gt 0 ] || set -- h1s h2 h2c

# One plan for all of them: lines are numbered anew, and say what was spoken.
{
  for proto in "$@"; do
    printf '%s\n' "# $proto"
    TEST_PROTO=$proto bash "$here/run" --filter-tags 'transports,!once' "$here"/*.bats || status=1
  done
  exit "${status:-0}"
} | awk '
  /^# (h1s|h2|h2c)$/ { proto = $2 }
  /^1\.\.[0-9]+/ { planned += substr($0, 4); next }
  match($0, /^(not )?ok [0-9]+/) {
    sub(/ok [0-9]+/, "ok " ++n " " proto ":")
  }
  { print; fflush() }
  END { print "1.." planned; }'
exit "${PIPESTATUS[0]}"

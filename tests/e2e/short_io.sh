#!/usr/bin/env bash
#
# short_io.sh - suites once more, with a server whose sockets move 1 to 7 bytes at a time.
here=$(dirname "${BASH_SOURCE[0]}")
TEST_SHIM=1 exec bash "$here/run" "$here/20-http1.bats" "$here/25-files.bats" \
  "$here/26-codings.bats" "$here/27-errors.bats" "$here/28-uploads.bats" "$here/30-tls.bats" \
  "$here/40-http2.bats"

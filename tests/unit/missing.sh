#!/usr/bin/env bash
#
# missing.sh - stands in for all unit tests where configure did not find cmocka.
echo "1..0 # SKIP no unit tests: cmocka is not installed (apt-get install libcmocka-dev, then configure again)"

#!/usr/bin/env bash
#
# tools.sh - what other programs say about the scripts, the manual and the layout of the code.
set -u
cd "${TEST_TOP:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1

# The layout differs between versions of clang-format in small things; the tree has that of this one.
format_version=14

count=0 status=0

check() { # NAME COMMAND...: holds if the command succeeds and says nothing
  local name=$1 said
  shift
  count=$((count + 1))
  if said=$("$@" 2>&1) && [ -z "$said" ]; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    printf '%s\n' "$said" | head -n 200 | sed 's/^/# /'
    status=1
  fi
}

skip() { # NAME REASON
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

scripts() {
  local shebang='^#! */(usr/)?bin/(env )?(ba|da|)sh'
  find bootstrap .ci tests init -type f ! -path '*/corpus/*' -print | while read -r file; do
    case $file in
      *.bats) echo "$file" ;;
      *.bash) echo "$file" ;;
      *) head -n 1 "$file" | grep -qE "$shebang" && echo "$file" ;;
    esac
  done
}

check_scripts() {
  if command -v shellcheck >/dev/null; then
    mapfile -t files < <(scripts)
    check "shellcheck: ${#files[@]} scripts" shellcheck -x -P SCRIPTDIR "${files[@]}"
  else
    skip shellcheck "not installed"
  fi
}

check_manual() {
  local page
  for page in man/*.[1-9]; do
    if command -v mandoc >/dev/null; then
      check "mandoc -Tlint: $page" mandoc -Tlint -Wwarning "$page"
    else
      skip "mandoc -Tlint: $page" "mandoc is not installed"
    fi
  done
}

formatter() {
  local tool
  for tool in clang-format-$format_version clang-format; do
    if "$tool" --version 2>/dev/null | grep -q "version $format_version\."; then
      echo "$tool"
      return
    fi
  done
}

check_format() {
  local tool
  tool=$(formatter)
  if [ -n "$tool" ]; then
    mapfile -t files < <(find src tests -name '*.[ch]' | sort)
    check "clang-format: ${#files[@]} files" "$tool" --dry-run -Werror "${files[@]}"
  else
    skip clang-format "the tree has the layout of version $format_version, which is not installed"
  fi
}

check_scripts
check_manual
check_format
echo "1..$count"
exit $status

#!/usr/bin/env bats
#
# Ranges: every kind of them, byte by byte, in a small file and beyond 2^32 in a large sparse one.

# bats file_tags=transports

load lib
setup() { httpd_setup; }
teardown() { httpd_teardown; }

SIZE=70001                # a small file that is no multiple of anything
LARGE=$((5 << 30))        # sparse: takes no room on the disk
BORDER=$((1 << 32))       # where an offset in 32 bits wraps

small_file() {
  head -c $SIZE /dev/urandom >"$ROOT/file.bin"
  httpd_config <<<''
  httpd_start
}

# Runs of random bytes across the border, behind it and at both ends, in a sea of zeros.
large_file() {
  local at
  truncate -s $LARGE "$ROOT/large.bin"
  for at in 0 $((BORDER - 3000)) $((BORDER + (300 << 20))) $((LARGE - 6000)); do
    head -c 6000 /dev/urandom |
      dd of="$ROOT/large.bin" bs=64k seek="$at" oflag=seek_bytes conv=notrunc status=none
  done
  httpd_config <<<''
  httpd_start
}

bytes() { # FILE FIRST LENGTH
  dd if="$ROOT/$1" bs=64k skip="$2" count="$3" iflag=skip_bytes,count_bytes status=none
}

# One range: status, fields and bytes.
assert_range() { # FILE RANGE FIRST LENGTH
  local file=$1 size got
  size=$(stat -c %s "$ROOT/$file")
  got=$(fetch "/$file" -r "$2" -o "$DIR/got" -D "$DIR/head" -w '%{http_code}')
  assert_equal "206 for $2" "$got for $2" || return
  cmp "$DIR/got" <(bytes "$file" "$3" "$4") || return
  assert_equal "bytes $3-$(($3 + $4 - 1))/$size" "$(head_field Content-Range)" || return
  assert_equal "$4" "$(head_field Content-Length)"
}

head_field() { # NAME
  tr -d '\r' <"$DIR/head" | sed -n "s/^$1: //Ip"
}

assert_unsatisfied() { # FILE RANGE
  assert_status 416 "/$1" -H "Range: bytes=$2" -D "$DIR/head" || return
  assert_equal "bytes */$(stat -c %s "$ROOT/$1")" "$(head_field Content-Range)"
}

# The parts of what is in $DIR/got, told by the boundary in $DIR/head, must be these ranges of the file.
assert_parts() { # FILE FIRST-LAST...
  python3 - "$ROOT/$1" "$DIR/head" "$DIR/got" "${@:2}" <<'PYTHON'
import email.parser, email.policy, os, sys

path, head, body, *wanted = sys.argv[1:]
fields = open(head, "rb").read().split(b"\r\n", 1)[1].split(b"\r\n\r\n")[0]
content = open(body, "rb").read()
message = email.parser.BytesHeaderParser(policy=email.policy.HTTP).parsebytes(fields)
assert message.get_content_type() == "multipart/byteranges", fields
assert int(message["Content-Length"]) == len(content), (message["Content-Length"], len(content))
boundary = b"--" + message.get_boundary().encode()
assert content.endswith(b"\r\n" + boundary + b"--\r\n"), content[-100:]
size = os.path.getsize(path)
with open(path, "rb") as f:
    at = content.index(boundary)
    for r in wanted:
        first, last = map(int, r.split("-"))
        assert content[at:].startswith(boundary + b"\r\n"), (r, content[at : at + 100])
        end = content.index(b"\r\n\r\n", at) + 4
        part = email.parser.BytesHeaderParser().parsebytes(content[at + len(boundary) + 2 : end])
        assert part["Content-Range"] == f"bytes {r}/{size}", part.items()
        assert part["Content-Type"] == "application/octet-stream", part.items()
        f.seek(first)
        assert content[end : end + last - first + 1] == f.read(last - first + 1), r
        at = end + last - first + 1 + 2
    assert content[at:] == boundary + b"--\r\n", content[at : at + 100]
PYTHON
}

fetch_parts() { # FILE RANGES
  assert_equal 206 "$(fetch "/$1" -r "$2" -o "$DIR/got" -D "$DIR/head" -w '%{http_code}')"
}

# ---- a small file --------------------------------------------------------------------------------

@test "a range has its bytes and no other" {
  small_file
  assert_equal bytes "$(field_of Accept-Ranges /file.bin)"
  assert_range file.bin 0-0 0 1
  assert_range file.bin 0-1 0 2
  assert_range file.bin 300-500 300 201
  assert_range file.bin 1000- 1000 $((SIZE - 1000))
  assert_range file.bin -1000 $((SIZE - 1000)) 1000
  assert_range file.bin $((SIZE - 1))- $((SIZE - 1)) 1
  assert_range file.bin 0-$((SIZE - 1)) 0 $SIZE
}

@test "a range over the end stops there" {
  small_file
  assert_range file.bin 70000-80000 70000 1
  assert_range file.bin 0-99999999999999 0 $SIZE
  assert_range file.bin -80000 0 $SIZE
}

@test "416 when no range lies inside, with the size" {
  small_file
  assert_unsatisfied file.bin $SIZE-
  assert_unsatisfied file.bin 80000-90000
  assert_unsatisfied file.bin -0
  assert_unsatisfied file.bin 99999999999999999999999-
}

@test "what is no range of bytes gets the whole file" {
  small_file
  local range
  for range in 'bytes=5-2' 'bytes=a-b' 'bytes=' 'bytes=-' 'lines=0-1' 'bytes 0-1' 'bytes=0-1 2'; do
    assert_equal "200 $SIZE $range" "$(fetch /file.bin -H "Range: $range" -o "$DIR/got" \
      -w "%{http_code} %{size_download} $range")"
  done
}

@test "several ranges come as parts" {
  small_file
  fetch_parts file.bin 0-0,100-199,-5
  assert_parts file.bin 0-0 100-199 $((SIZE - 5))-$((SIZE - 1))
  fetch_parts file.bin 50000-50099,0-99,90000-90001
  assert_parts file.bin 50000-50099 0-99
}

@test "ranges that touch are one" {
  small_file
  assert_range file.bin 0-99,100-199 0 200
  assert_range file.bin 0-150,100-199 0 200
}

@test "too many ranges are not served one by one" {
  small_file
  local ranges
  ranges=$(seq -f '%.0f' -s ',' 0 2 200 | sed 's/[0-9]*/&-&/g')
  refute_match '^206$' "$(status_of /file.bin -r "$ranges")"
}

@test "If-Range: by entity tag and by date" {
  small_file
  touch -d '2020-02-03 04:05:06 UTC' "$ROOT/file.bin"
  local tag date='Mon, 03 Feb 2020 04:05:06 GMT'
  wait_until 3 has_date "$date"
  tag=$(field_of ETag /file.bin)
  assert_status 206 /file.bin -r 0-9 -H "If-Range: $tag"
  assert_status 206 /file.bin -r 0-9 -H "If-Range: $date"
  assert_status 200 /file.bin -r 0-9 -H 'If-Range: "other"'
  assert_status 200 /file.bin -r 0-9 -H "If-Range: W/$tag"
  assert_status 200 /file.bin -r 0-9 -H 'If-Range: Mon, 03 Feb 2020 04:05:05 GMT'
  assert_status 200 /file.bin -r 0-9 -H 'If-Range: Mon, 03 Feb 2020 04:05:07 GMT'
  # Outdated, so the range is not looked at: no 416 for one that is not there any more.
  assert_status 200 /file.bin -r 80000- -H 'If-Range: "other"'
}

has_date() { [ "$(field_of Last-Modified /file.bin)" = "$1" ]; }

@test "conditions come before ranges, and HEAD has none" {
  small_file
  local tag
  tag=$(field_of ETag /file.bin)
  assert_status 304 /file.bin -r 0-9 -H "If-None-Match: $tag"
  assert_status 412 /file.bin -r 0-9 -H 'If-Match: "other"'
  assert_status 206 /file.bin -r 0-9 -H "If-Match: $tag"
  assert_equal "200 $SIZE" "$(fetch /file.bin -I -r 0-9 -o /dev/null -w '%{http_code} %header{content-length}')"
}

# ---- a large file --------------------------------------------------------------------------------

@test "ranges beyond 2^32 have their bytes" {
  large_file
  assert_equal $LARGE "$(fetch /large.bin -I -o /dev/null -w '%header{content-length}')"
  assert_range large.bin 0-5999 0 6000
  assert_range large.bin $((BORDER - 1))-$((BORDER - 1)) $((BORDER - 1)) 1
  assert_range large.bin $BORDER-$BORDER $BORDER 1
  assert_range large.bin $((BORDER - 3000))-$((BORDER + 2999)) $((BORDER - 3000)) 6000
  assert_range large.bin $((BORDER + (300 << 20)))-$((BORDER + (301 << 20) - 1)) $((BORDER + (300 << 20))) $((1 << 20))
  assert_range large.bin $((LARGE - 6000))- $((LARGE - 6000)) 6000
  assert_range large.bin -6000 $((LARGE - 6000)) 6000
  assert_range large.bin $((LARGE - 1))-$((LARGE + 9)) $((LARGE - 1)) 1
  assert_unsatisfied large.bin $LARGE-
}

@test "parts on both sides of 2^32" {
  large_file
  fetch_parts large.bin 0-99,$((BORDER - 50))-$((BORDER + 49)),-100
  assert_parts large.bin 0-99 $((BORDER - 50))-$((BORDER + 49)) $((LARGE - 100))-$((LARGE - 1))
}

@test "one range of 256 MiB across 2^32 arrives whole" {
  large_file
  local first=$((BORDER - (100 << 20)))
  fetch /large.bin -r "$first-$((first + (256 << 20) - 1))" --max-time 120 |
    cmp - <(bytes large.bin $first $((256 << 20)))
}

# ---- clients that resume -------------------------------------------------------------------------

# The log is written in runs, so a line may be on its way.
statuses_are() { # PATH STATUS...
  [ "$(grep -aoE "$1 HTTP[^\"]*\" [0-9]+" "$ACCESS" | grep -oE '[0-9]+$' | paste -sd' ')" = "${*:2}" ]
}

@test "curl -C - resumes" {
  small_file
  head -c 12345 "$ROOT/file.bin" >"$DIR/file.bin"
  curl -sS -f -C - --max-time 20 -o "$DIR/file.bin" "$(url /file.bin)"
  cmp "$ROOT/file.bin" "$DIR/file.bin"
  wait_until 5 statuses_are /file.bin 206
}

@test "wget -c resumes, and leaves what is complete alone" {
  small_file
  head -c 12345 "$ROOT/file.bin" >"$DIR/file.bin"
  wget -q -c --tries=1 --timeout=20 -P "$DIR" "$(url /file.bin)"
  cmp "$ROOT/file.bin" "$DIR/file.bin"
  wget -q -c --tries=1 --timeout=20 -P "$DIR" "$(url /file.bin)"
  cmp "$ROOT/file.bin" "$DIR/file.bin"
  wait_until 5 statuses_are /file.bin 206 416
}

@test "curl and wget resume beyond 2^32" {
  large_file
  local client
  for client in 'curl -sS -f -C - -O --max-time 120' 'wget -q -c --tries=1 --timeout=60'; do
    rm -f "$DIR/large.bin"
    truncate -s $((LARGE - (64 << 20))) "$DIR/large.bin"
    (cd "$DIR" && $client "$(url /large.bin)")
    assert_equal $LARGE "$(stat -c %s "$DIR/large.bin")"
    cmp -i $((LARGE - (65 << 20))) "$ROOT/large.bin" "$DIR/large.bin"
  done
  wait_until 5 statuses_are /large.bin 206 206
}

#!/bin/sh
# Grades an echo server for frames: each frame (4-byte big-endian length, then the body) must come back as it was sent.
#
#     sh examples/grade-frames.sh 127.0.0.1 7007
#
# Prints a line for each case and a score, and exits 0 only with the full score. A server that trusts single reads fails the
# cases that cut a frame into pieces or send several frames in one write. A server that sends every byte back without looking at
# frames fails those that cut a frame too: the beginning of the echo arrives before the frame was sent in full.
#
# Needs jq and osdemo: the program that OSDEMO names, else the one of this checkout, else what npx finds.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: grade-frames.sh HOST PORT" >&2
  exit 2
fi
host=$1
port=$2

if ! command -v jq > /dev/null; then
  echo "grade-frames.sh: needs jq, for example: apt-get install jq" >&2
  exit 69
fi

# From here on "$@" is the command that runs osdemo.
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${OSDEMO:-}" ]; then
  set -- "$OSDEMO"
elif [ -e "$here/../bin/osdemo.js" ]; then
  set -- node "$here/../bin/osdemo.js"
else
  set -- npx --no-install osdemo
fi

folder=$(mktemp -d)
stalled=
clean_up() {
  if [ -n "$stalled" ]; then kill "$stalled" 2> /dev/null && wait "$stalled" || true; fi
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cases=0
score=0

# judge TITLE ECHOES EXIT: decides one case by the events in $folder/events and the exit code of the client.
judge() {
  cases=$((cases + 1))
  verdict=$(jq -rs --argjson echoes "$2" --argjson exit "$3" '
    # A few messages have events of their own, many are counted in a tally.
    (map(select(.event == "received")) | length) as $single
    | (map(select(.event == "tally" and .direction == "received").messages) | add // 0) as $tallied
    | (map(select(.event == "error").message) | first) as $error
    | (map(select(.event == "evidence").data?.early? // empty) | first) as $early
    | if $error then $error
      elif $exit != 0 then "the client exited with exit code \($exit)"
      elif $early then "an echo began before its frame was sent in full: \($early) bytes of it"
      elif $single + $tallied != $echoes then "\($single + $tallied) of \($echoes) echoes arrived"
      else "ok" end
  ' "$folder/events") || verdict="osdemo printed no events"
  if [ "$verdict" = ok ]; then
    score=$((score + 1))
    echo "ok    $1"
  else
    echo "FAIL  $1: $verdict"
  fi
}

# grade TITLE ECHOES COMMAND...: runs a client until it exits. Its exit code is part of the verdict.
grade() {
  title=$1
  echoes=$2
  shift 2
  exit=0
  "$@" --host "$host" --port "$port" --json --timeout 10s > "$folder/events" 2> /dev/null || exit=$?
  judge "$title" "$echoes" "$exit"
}

grade "one frame" 1 "$@" tcp-echo client hello
grade "three frames, in order" 3 "$@" tcp-echo client hello wörld "a frame is a length and a body"
grade "an empty frame" 2 "$@" tcp-echo client "" "after the empty one"
grade "half a frame, and the rest a second later" 1 "$@" tcp-echo client "half a frame" --chunk 8 --delay 1s
grade "a frame byte by byte" 1 "$@" tcp-echo client "byte by byte" --chunk 1 --delay 10ms
grade "a header in two pieces" 2 "$@" tcp-echo client "cut in its header" "again" --chunk 3 --delay 10ms
grade "a frame of 1 MiB" 1 "$@" tcp-echo client --size 1MiB
grade "500 frames at once" 500 "$@" tcp-echo client "one of many" --count 500

# This client stops in the middle of a header until it is killed. Its file is made here, because grep may read it before the
# client has made it.
: > "$folder/stalled"
"$@" tcp-echo client --host "$host" --port "$port" --chunk 1 --delay 1m --json --timeout 2m stalled \
  > "$folder/stalled" 2> /dev/null &
stalled=$!
tries=0
while ! grep -q '"event":"sent"' "$folder/stalled" && kill -0 "$stalled" 2> /dev/null && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
grade "another client, while one has stopped inside a frame" 1 "$@" tcp-echo client "not held up"

echo "score $score of $cases"
[ "$score" -eq "$cases" ]

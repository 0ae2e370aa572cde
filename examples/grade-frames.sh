#!/bin/sh
# Grades a frame echo server: each frame (4-byte big-endian length, then the body) must come back as it was sent.
#
#     sh examples/grade-frames.sh 127.0.0.1 7007
#
# Prints a line per case and a score; exit 0 only for the full score. A server that trusts single reads loses the cases
# that cut a frame into pieces or put several into one. (One that sends every byte straight back, frame or not, passes:
# over whole frames nobody can tell the difference.)
#
# Needs jq, and osdemo: the program named by OSDEMO, else the one beside this script, else what npx finds.
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

# judge TITLE ECHOES EXIT: one case, by the events in $folder/events and the exit code of the client.
judge() {
  cases=$((cases + 1))
  verdict=$(jq -rs --argjson echoes "$2" --argjson exit "$3" '
    # Many messages are told as a tally, few of them one by one.
    (map(select(.event == "received")) | length) as $single
    | (map(select(.event == "tally" and .direction == "received").messages) | add // 0) as $tallied
    | (map(select(.event == "error").message) | first) as $error
    | if $error then $error
      elif $exit != 0 then "the client ended with exit code \($exit)"
      elif $single + $tallied != $echoes then "\($single + $tallied) of \($echoes) echoes came"
      else "ok" end
  ' "$folder/events") || verdict="no events came from osdemo"
  if [ "$verdict" = ok ]; then
    score=$((score + 1))
    echo "ok    $1"
  else
    echo "FAIL  $1: $verdict"
  fi
}

# grade TITLE ECHOES COMMAND...: runs a client to its end. Its exit code is part of the verdict.
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
grade "a frame byte by byte" 1 "$@" tcp-echo client "byte by byte" --chunk 1 --delay 10ms
grade "a header in two pieces" 2 "$@" tcp-echo client "cut in its header" "again" --chunk 3 --delay 10ms
grade "a frame of 1 MiB" 1 "$@" tcp-echo client --size 1MiB
grade "500 frames at once" 500 "$@" tcp-echo client "one of many" --count 500

# A client that stops in the middle of a header, until we end it. Its file is made here: it may be later than our look.
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

#!/bin/sh
# A reader and a writer of one named pipe, in two panes of tmux: the reader blocks in open(2) until the writer starts.
#
#     sh examples/two-terminals.sh
#
# On a terminal it shows both panes until you press Enter. Otherwise it waits until both programs have exited, and prints
# what the panes showed. It uses a tmux server and a runtime folder of its own, and removes both at the end.
#
# INTERVAL=2s sets the pause between two messages. Needs tmux and osdemo: the program that OSDEMO names, else the one of this
# checkout, else what npx finds.
set -eu

if ! command -v tmux > /dev/null; then
  echo "two-terminals.sh: needs tmux, for example: apt-get install tmux" >&2
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

unset TMUX
folder=$(mktemp -d)
# Both ends find the pipe in this private folder, so that no other reader of yours gets the messages.
export XDG_RUNTIME_DIR="$folder"

terminal() {
  tmux -u -f /dev/null -S "$folder/tmux" "$@"
}

# Closes the panes, and waits until their programs have exited, because they remove what they made.
clean_up() {
  trap '' INT TERM HUP
  programs=$(terminal list-panes -s -F '#{pane_pid}' 2> /dev/null || true)
  terminal kill-server 2> /dev/null || true
  for program in $programs; do
    tries=0
    while kill -0 "$program" 2> /dev/null && [ "$tries" -lt 50 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
  done
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_until COMMAND...: runs the command ten times a second until it succeeds, for at most 30 seconds.
wait_until() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ]; then
      echo "two-terminals.sh: not true within 30 s: $*" >&2
      exit 1
    fi
    sleep 0.1
  done
}

screen() {
  terminal capture-pane -p -J -S - -t "$1" | sed '/^Pane is dead/d; /^$/d'
}

reader_waits() {
  screen pipe:0.0 | grep -q 'Waiting for a writer'
}

both_ended() {
  [ "$(terminal list-panes -t pipe -F '#{pane_dead}' | grep -c 1)" = 2 ]
}

# What a pane runs: it prints the command as you would type it, and then executes it.
pane='printf "$ %s\n" "$1"; shift; exec "$@"'

if [ -t 0 ] && [ -t 1 ]; then
  interactive=yes
  columns=- # the size of the terminal
  rows=-
  interval=${INTERVAL:-1s}
else
  interactive=
  columns=100
  rows=60
  interval=${INTERVAL:-100ms}
fi

terminal new-session -d -s pipe -x "$columns" -y "$rows" \
  sh -c "$pane" reader "osdemo pipe read" "$@" pipe read
terminal set-option -g remain-on-exit on
wait_until reader_waits
terminal split-window -v -t pipe:0.0 \
  sh -c "$pane" writer "osdemo pipe write --interval $interval" "$@" pipe write --interval "$interval"

if [ -n "$interactive" ]; then
  terminal set-option -g status-right ' Press Enter to stop '
  terminal bind-key -n Enter detach-client
  terminal attach-session -t pipe
  exit
fi

wait_until both_ended
echo "== the reader's terminal"
screen pipe:0.0
echo
echo "== the writer's terminal"
screen pipe:0.1
# tmux 3.3 sometimes loses exit codes, so the messages decide whether it worked.
[ "$(screen pipe:0.0 | grep -c '^Message [0-9]$')" = 10 ]

#!/usr/bin/env bash
# One sync: source-gorgias | TARGET. The target returns states, and the last one is
# kept for the next sync, also if this one fails. Two syncs with one state do not
# overlap.
#
#   CONFIG   the configuration (config.json)
#   CATALOG  the selected streams; all streams if empty
#   STATE    the state, which is created by the first sync (state.json)
#   TARGET   a Singer target and its arguments (target-jsonl)
set -euo pipefail
config=${CONFIG:-config.json} state=${STATE:-state.json}
read -ra target <<< "${TARGET:-target-jsonl}"

exec 9> "$state.lock"
flock --nonblock 9 || { echo "sync.sh: another sync with $state is running" >&2; exit 75; }
[ -s "$state" ] || echo '{}' > "$state"

status=0
source-gorgias --config "$config" ${CATALOG:+--catalog "$CATALOG"} --state "$state" | "${target[@]}" > "$state.lines" || status=$?
if [ -s "$state.lines" ]; then
  tail -n 1 "$state.lines" > "$state.new"
  mv "$state.new" "$state"
fi
rm -f "$state.lines"
exit "$status"

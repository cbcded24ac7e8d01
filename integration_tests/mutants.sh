#!/usr/bin/env bash
# Breaks one rule of progress at a time, in a copy, and expects
# TestKillAnywhere to notice within so many histories (default 50); the rules of
# the statistics are noticed by tests of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
histories=${1:-50}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$work"
survived=0

tests=TestKillAnywhere
# mutant NAME FILE OLD NEW
mutant() {
  local file="$work/$2" old=$3 new=$4 text out
  text=$(cat "$file"; printf x)
  text=${text%x}
  if [[ $text != *"$old"* ]]; then
    echo "STALE     $1: $2 has changed"
    survived=1
    return
  fi
  printf %s "${text/"$old"/"$new"}" > "$file"
  if out=$(cd "$work" && go test ./integration_tests -run "$tests" -timeout 30m -histories "$histories" 2>&1); then
    echo "SURVIVED  $1"
    survived=1
  elif [[ $out == *"--- FAIL: Test"* ]]; then
    echo "noticed   $1: $(grep -m1 -oE 'history [0-9]*|FAIL: Test[A-Za-z]*' <<< "$out")"
  else
    echo "BROKEN    $1: $(tail -n 3 <<< "$out")"
    survived=1
  fi
  printf %s "$text" > "$file"
}

walk=connector/walk.go
mutant "the watermark moves during a walk" $walk $'	m.mark.Walk = w.mark\n	if w.cut' \
  $'	m.mark.Walk = w.mark\n	m.mark.Since = later(m.mark.Since, w.mark.Until)\n	if w.cut'
mutant "records equal to the watermark are dropped" $walk 'r.at.Before(m.from)' '!r.at.After(m.from)'
mutant "the host's clock is trusted" $walk 'm.Began = page.Served' 'm.Began = time.Now()'
mutant "a truncated page is accepted" connector/gorgias/page.go \
  'e = unproven("not complete JSON, from byte %d of %d on", c.d.InputOffset(), len(body))' 'return &Page{Records: c.records}, nil'
mutant "a refused token is kept" $walk '*w = walker{task: w.task}' '*w = walker{task: w.task, mark: Progress{Next: w.mark.Next}}'
mutant "nothing is read twice" $walk 'm.from = m.mark.Since.Add(-w.Overlap); m.first {' 'm.from = m.mark.Since; m.first {'
mutant "an order is taken for granted" $walk 'case m.Unsorted || !w.ordered:' 'case m.At.IsZero():'
mutant "a watermark may lie in the future" $walk 'at = earlier(at, w.mark.Began)' ''
mutant "an empty page ends a walk" $walk 'ended := w.ended()' 'ended := w.ended() || len(rows) == 0'
mutant "an empty page ends a scan" $walk 'if next = page.Next; next != "" {' 'if next = page.Next; len(page.Records) == 0 { next = "" }; if next != "" {'
mutant "windows are not read again" $walk 'w.mark.From = earlier(w.mark.From, m.from)
	}
}' '}
}'
mutant "a version once written is never written again" connector/prints.go 'p[i].sum == f.sum' 'p[i].key == f.key'
mutant "the head is not read after a resumed walk" $walk 'last := ended && (!w.resumed && !w.long(page) || heads == maxHeads)' 'last := ended'
mutant "a bookmark beyond the end is walked with" connector/sync.go 'return !t.End.IsZero() && (' 'return false && ('
mutant "a first walk up to an end does not know since when to hear" $walk 'if m.told && m.mark.Heard.IsZero() {' 'if m.fed && m.mark.Heard.IsZero() {'
feed=connector/feed.go retell=connector/retell.go
mutant "events are not heard" $feed 'if len(f.tasks) == 0 {' 'if f.tasks = nil; true {'
mutant "what happens before the first record is written is not heard" $walk '		w.send(m, Batch{Bookmark: m.mark})
	}
	m.mark.Walk' '	}
	m.mark.Walk'
mutant "deletions are not told" $retell 'if g.stream != m.Name || f.Tombstone == "" {' 'if true {'
mutant "tickets are not read again" $retell 'queue := slices.Sorted(maps.Keys(wanted)); len(queue) > 0; {' 'queue := slices.Sorted(maps.Keys(wanted)); len(queue) < 0; {'
mutant "threads are not read again" $retell 'if !dead[ticket] {' 'if false {'
mutant "surveys are not read again" $retell 'for _, id := range queue {' 'for _, id := range queue[:0] {'
mutant "messages of a merged ticket stay where they were" $retell 'threads.of(e.object, e.at).whole = true' ''
mutant "tags that were taken off stay" $retell 'graves = append(graves, f.removed(t, raw, off[id])...)' ''
mutant "a tag ends later than it is put on again" $retell 'f.graveDated(tags, dated, ' 'f.graveDated(tags, later(dated, ends[tag]), '
mutant "what a walk has read is current for ever" $retell 'return t.sights[id].at.After(at.Add(t.Overlap))' 'return !t.sights[id].at.IsZero()'
mutant "events are heard once" $feed 'earlier(upto, f.began.Add(-f.Overlap))' 'upto'
mutant "events heard in part count as heard" $feed 'f.partial = w.reach.After(f.from) || w.resumed && w.reach.Equal(f.from)' ''
daily=connector/daily.go
tests='TestDays|TestClockBack'
histories=1000 # of which a fifth are of days
mutant "what was written is not forgotten before more is" $daily 'm.mark.Seen = m.mark.Seen.without(changed)' '_ = changed'
mutant "a day that has no rows any more keeps them" $daily 'if len(lines) == 0 && !begins.After(d.mark.Reached) {' 'if false {'
mutant "days are passed before they are read" $daily 'd.bound((to + 1).start(d.Zone))' 'd.now'
mutant "days that may still change are not read again" $daily 'd.revises = window > 0 &&' 'd.revises = false &&'
mutant "the host's clock tells today" $daily 'return time.Unix(at, 0).UTC(), nil' 'return time.Now(), nil'
mutant "a period is taken to begin with its day" $daily 'd.ask(ctx, from-1, to+1)' 'd.ask(ctx, from, to+1)'
mutant "what was written is soon forgotten" $daily 'back := earlier(o.mark.Since.Add(-d.Overlap), o.mark.Revised.Add(-window))' 'back := o.mark.Since; _ = window'
mutant "a look that was not taken counts" $daily $'if d.revises {\n\t\td.mark.Revised' $'if true {\n\t\td.mark.Revised'
mutant "what has not changed is written again" $daily 'if m.mark.Seen.has(as) {' 'if false {'
mutant "pages behind the first are not read" $daily 'if next = page.Next; next == "" {' 'if next = ""; next == "" {'
mutant "the latest rows may be dated before others" $daily 'if !asOf.After(d.mark.Told) {' 'if false {'
exit $survived

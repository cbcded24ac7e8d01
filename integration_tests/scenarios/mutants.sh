#!/usr/bin/env bash
# Breaks one rule at a time, in a copy, and tells which scenarios notice. Every
# mutant must be noticed, and every scenario must notice one. With a pattern,
# only the mutants whose names match it.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work"
only=${1:-}
survived=0
table=$work/noticed

play() { (cd "$work" && go test -short -timeout 5m ./integration_tests/scenarios "$@" 2>&1); }
names() { sed -nE "s|^ +--- $1: TestScenarios/(.*) \(.*|\1|p" | tr _ ' ' | sort; }

play -v > "$work/all" || { tail -n 30 "$work/all"; exit 1; }

# mutant NAME FILE OLD NEW
mutant() {
  local file="$work/$2" old=$3 new=$4 text out noticed
  [[ $1 =~ $only ]] || return 0
  text=$(cat "$file"; printf x)
  text=${text%x}
  if [[ $text != *"$old"* ]]; then
    echo "STALE     $1: $2 has changed"
    survived=1
    return
  fi
  printf %s "${text/"$old"/"$new"}" > "$file"
  out=$(play) || true
  noticed=$(names FAIL <<< "$out")
  if [[ -n $noticed ]]; then
    echo "noticed   $1: $(wc -l <<< "$noticed")"
    sed 's/^/            /' <<< "$noticed"
    echo "$noticed" >> "$table"
  elif [[ $out == ok* ]]; then
    echo "SURVIVED  $1"
    survived=1
  else
    echo "BROKEN    $1: $(tail -n 3 <<< "$out")"
    survived=1
  fi
  printf %s "$text" > "$file"
}

walk=connector/walk.go feed=connector/feed.go retell=connector/retell.go sync=connector/sync.go page=connector/gorgias/page.go error=connector/gorgias/error.go shape=connector/shape

# Walks and bookmarks.
mutant "the watermark moves during a walk" $walk $'	m.mark.Walk = w.mark\n	if ended {' \
  $'	m.mark.Walk = w.mark\n	m.mark.Since = later(m.mark.Since, w.mark.Until)\n	if ended {'
mutant "a walk ends at the watermark's instant" $walk 'return m.At.Before(m.From)' 'return !m.At.After(m.From)'
mutant "a walk is one page" $walk 'return m.At.Before(m.From)' 'return true'
mutant "a watermark may lie in the future" $walk 'at = earlier(at, w.mark.Began)' ''
mutant "the watermark is when the walk ended" connector/bookmark.go 'b.Since = later(b.Since, b.Walk.Until)' 'b.Since = later(b.Since, time.Now())'
mutant "the host's clock is trusted" $walk 'm.Began = page.Served' 'm.Began = time.Now()'
mutant "the overlap of walks is 0" $walk 'm.from = m.mark.Since.Add(-w.Overlap); m.first {' 'm.from = m.mark.Since; m.first {'
mutant "windows are not read again" $walk 'm.from = earlier(m.from, back)' '_ = back'
mutant "the head is not read again" $walk 'heads == maxHeads)' 'true)'
mutant "the head of a long walk is not read again" $walk 'return w.source.Walk == NewestFirst && ' 'return false && '
mutant "an order is taken for granted" $walk 'case m.Unsorted || !w.ordered:' 'case m.At.IsZero():'
mutant "what was written is written again" connector/prints.go 'return ok && p[i].sum == f.sum' 'return ok && p[i].sum == [6]byte{}'
mutant "a version once written is never written again" connector/prints.go 'p[i].sum == f.sum' 'p[i].key == f.key'

# Pages and tokens.
mutant "a cut page is accepted" $page 'e = unproven("not complete JSON, from byte %d of %d on", c.d.InputOffset(), len(body))' 'return &Page{Records: c.records}, nil'
mutant "a page without its token is the last" $page $'if err != nil || len(text) == 0 {' $'if raw == nil {\n		return "", nil\n	}\n	if err != nil || len(text) == 0 {'
mutant "an empty page ends a walk" $walk 'ended := w.ended()' 'ended := w.ended() || len(rows) == 0'
mutant "an empty page ends a scan" $walk 'if next = page.Next; next != "" {' 'if next = page.Next; len(page.Records) == 0 { next = "" }; if next != "" {'
mutant "a scan, or a thread, is one page" $walk 'if next = page.Next; next != "" {' 'page.Next = ""; if next = page.Next; next != "" {'
mutant "circles are not noticed" $walk 'if token == r.kept {' 'if false {'
mutant "a refused token ends the stream" $walk 'const maxRestarts = 3' 'const maxRestarts = 0'
mutant "a refused token is kept" $walk '*w = walker{task: w.task}' '*w = walker{task: w.task, mark: Progress{Next: w.mark.Next}}'
mutant "a record asked for by id may be another" $retell 'number(field(page.Records[0], "id")) == id' 'true'

# Errors.
mutant "429 is not asked again" $error 'e.Kind, e.temporary = TooMany, true' 'e.Kind = TooMany'
mutant "5xx is not asked again" $error 'e.Kind, e.temporary = Server, true' 'e.Kind = Server'
mutant "Retry-After is not heeded" $error 'return max(0, time.Duration(seconds)*time.Second)' 'return 0 * time.Duration(seconds)'
mutant "403 ends every stream" $sync 'e.Kind == gorgias.Unauthorized' '(e.Kind == gorgias.Unauthorized || e.Kind == gorgias.Forbidden)'
mutant "a stream that fails is complete" $sync 't.out <- result{Batch{Stream: m.Stream, Bookmark: m.mark}, err}' 't.out <- result{Batch{Stream: m.Stream, Bookmark: m.mark, Last: true}, nil}'
mutant "a stream that fails begins anew" $sync 't.out <- result{Batch{Stream: m.Stream, Bookmark: m.mark}, err}' 't.out <- result{Batch: Batch{Stream: m.Stream, Bookmark: Bookmark{Since: time.Now(), Revised: time.Now(), Heard: time.Now()}}}; t.out <- result{Batch{Stream: m.Stream, Bookmark: m.mark}, err}'

# The feed.
mutant "events are not heard" $feed 'if len(f.tasks) == 0 {' 'if f.tasks = nil; true {'
mutant "tickets are not read again" $retell 'queue := slices.Sorted(maps.Keys(wanted)); len(queue) > 0; {' 'queue := slices.Sorted(maps.Keys(wanted)); len(queue) < 0; {'
mutant "tickets that do not come are not asked for" $retell 'for _, id := range missing {' 'for _, id := range missing[:0] {'
mutant "threads are not read again" $retell 'if !dead[ticket] {' 'if false {'
mutant "surveys are not read again" $retell 'for _, id := range queue {' 'for _, id := range queue[:0] {'
mutant "deleted customers are not told" $retell $'for id, at := range dead {\n		delete(wanted, id)\n		graves = append(graves, f.grave(t.source, at, id))' $'for id := range dead {\n		delete(wanted, id)'
mutant "deletions are not told" $retell 'g.stream != m.Name || f.Tombstone == ""' 'true'
mutant "deletions are told though ignored" connector/config.go 'if !s.Tombstones {' 'if false {'
mutant "messages of a merged ticket stay where they were" $retell 'threads.of(e.object, e.at).whole = true' ''
mutant "deleted messages are not followed" $retell $'				next.of(e.Into, at).messages.add(id, at)\n				next.of(e.Into, at).deleted.add(id, at)' $'				f.write(t, nil, []grave{f.grave(t.source, at, id)})'
mutant "messages that vanish are not told" $retell 'f.write(t, nil, []grave{f.grave(t.source, at, id)})
			case err' 'case err'
mutant "tags that were taken off stay" $retell 'graves = append(graves, f.removed(t, raw, off[id])...)' ''
mutant "tags that were taken off are gone for ever" $retell 'delete(ends, number(field(tag, "id")))' '_ = tag'
mutant "a tag ends later than it is put on again" $retell 'f.graveDated(tags, dated, ' 'f.graveDated(tags, later(dated, ends[tag]), '
mutant "everything is current" $retell 'return t.sights[id].at.After(at.Add(t.Overlap))' 'return true'
mutant "events are heard once" $feed 'earlier(upto, f.began.Add(-f.Overlap))' 'upto'
mutant "what is not yet heeded counts as heard" $retell $'if len(records) > 0 {\n			t.send' $'if m.mark.Heard = later(m.mark.Heard, f.began.Add(-f.Overlap)); len(records) > 0 {\n			t.send'
mutant "the feed trusts the host's clock" $feed 'f.began = page.Served' 'f.began = time.Now()'
mutant "what is gone is an error" $retell '(e.Kind == gorgias.NotFound || e.Kind == gorgias.Merged)' '(e.Kind == gorgias.Merged)'
mutant "the tickets of messages are not looked for" $feed 'if e.kind == "ticket-updated" {' 'if false {'
mutant "events that cannot be asked for by type are not heard" $feed 'case is(fault, gorgias.Refused) && query.Has("types"):' 'case false:'
mutant "tickets that cannot be asked for by id end the stream" $feed 'if is(err, gorgias.Refused) || is(err, gorgias.Forbidden) {' 'if is(err, gorgias.Forbidden) {'
mutant "what cannot be heeded counts as heard" $feed 'if !t.deaf && (final' 'if (final'
mutant "what the account forgot is not told" $feed 'if first.Sub(f.from) < day {' 'if first.Sub(f.from) < 1000*day {'
mutant "messages that cannot be found are not told" $feed 'if len(f.lost) > 0 {' 'if false {'
mutant "events that are forbidden are not told" $feed 'is(fault, gorgias.Forbidden) || is(fault, gorgias.NotFound)' 'is(fault, gorgias.Forbidden):
		case is(fault, gorgias.NotFound)'

# Shapes.
mutant "instants without an offset cannot be read" $shape/instant.go 'if len(s) == 0 || len(s)' 'if len(s)'
mutant "new fields are dropped" $shape/shape.go 'const Unrecognized = "unrecognized_fields"' 'const Unrecognized = "unrecognised_fields"'
mutant "values are not converted" $shape/convert.go 'if spelling == nil {' 'if true {'

[[ -z $only ]] || exit $survived
blind=$(comm -23 <(names PASS < "$work/all") <(sort -u "$table"))
[[ -z $blind ]] || { sed 's/^/BLIND     /' <<< "$blind"; survived=1; }
exit $survived

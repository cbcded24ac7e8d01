package config

import (
	"strings"
)

// Nearest returns what somebody who wrote name most likely meant, of those that
// are known; "" if none is near. It can be shown where name cannot.
func ClosestMatch(name string, known []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	}
	best, least := "", 3
	for _, k := range known {
		a, b := plain(name), plain(k)
		if len(a) > 2*len(b)+2 {
			continue
		}
		// Two slips are forgiven in longer names only: half of "tags" is "days".
		if d := distance(a, b); d < least && d <= max(1, min(len(a), len(b))/3) {
			best, least = k, d
		}
	}
	return best
}

// DidYouMean is what an error says of the name that is nearest; "" if none is.
func DidYouMean(name string, known []string) string {
	if near := ClosestMatch(name, known); near != "" && near != name {
		return "; did you mean " + near + "?"
	}
	return ""
}

// distance counts the slips between two names: a letter too many, too few,
// another one, or two that changed places.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		before, above, row := rows[i%3], rows[(i+1)%3], rows[(i+2)%3]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return rows[(len(a)+1)%3][len(b)]
}

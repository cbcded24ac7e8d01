package config

import "strings"

// ClosestMatch returns the known name that is most similar to name; "" if none
// is similar. It can be shown where name, which may be a secret, cannot.
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
		// Two edits are allowed in longer names only: "tags" and "days" differ in two.
		if d := distance(a, b); d < least && d <= max(1, min(len(a), len(b))/3) {
			best, least = k, d
		}
	}
	return best
}

// DidYouMean returns a suggestion for the end of a message; "" if there is none.
func DidYouMean(name string, known []string) string {
	if match := ClosestMatch(name, known); match != "" && match != name {
		return "; did you mean " + match + "?"
	}
	return ""
}

// distance is the number of edits between two names: insertions, deletions,
// substitutions and transpositions of adjacent letters.
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

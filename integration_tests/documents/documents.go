// Package documents reads the examples out of our documents, so that they can
// be run.
package documents

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// A Block is a fenced block of a document.
type Block struct {
	File     string // as it was asked for
	Line     int    // of the opening fence, from 1
	Language string // the word behind the fence: sh, json, yaml, text; never empty
	By       string // who runs it, one of Runners; "" is go test
	Text     string // between the fences, without the fences' own indentation; ends with a newline unless empty
}

// Runners are those who run a block that go test cannot. A line
// <!-- run by: NAME --> stands directly before the block.
//
//	clients  integration_tests/clients, in a project of Meltano's beside a PostgreSQL
//	image    packaging/image.sh, with the image it has built
//	release  integration_tests, with the files of a release
func Runners() []string { return []string{"clients", "image", "release"} }

var (
	fence  = regexp.MustCompile("^( *)(```+|~~~+) *([^` ]*)(.*)$")
	marker = regexp.MustCompile(`^<!-- run by: ([^ ]+) -->$`)
)

// Blocks reads the blocks of a document, in their order. What could make a
// block escape its runner is an error: a marker without a block or with an
// unknown name, a block without a language, without an end or without fences.
func Blocks(file string) ([]Block, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, string(text))
}

func parse(file, text string) ([]Block, error) {
	var blocks []Block
	var by, end, indent string // of the block we are in or before; end is "" outside
	before := ""               // the line before
	for i, line := range strings.Split(text, "\n") {
		fail := func(format string, args ...any) ([]Block, error) {
			return nil, fmt.Errorf("%s:%d: %s", file, i+1, fmt.Sprintf(format, args...))
		}
		if end != "" {
			if strings.TrimSpace(line) == end {
				end = ""
				continue
			}
			last := &blocks[len(blocks)-1]
			last.Text += strings.TrimPrefix(line, indent) + "\n"
			continue
		}
		trimmed := strings.TrimSpace(line)
		if m := fence.FindStringSubmatch(line); m != nil {
			if m[3] == "" || m[4] != "" {
				return fail("a block begins with its language and nothing else: %q", trimmed)
			}
			indent, end = m[1], m[2]
			blocks = append(blocks, Block{File: file, Line: i + 1, Language: m[3], By: by})
			by, before = "", ""
			continue
		}
		if by != "" {
			return fail("no block follows the line that names its runner")
		}
		if m := marker.FindStringSubmatch(trimmed); m != nil {
			if by = m[1]; !slices.Contains(Runners(), by) {
				return fail("there is no runner %s; there are %s", by, strings.Join(Runners(), ", "))
			}
		} else if strings.HasPrefix(trimmed, "<!--") && strings.Contains(strings.ToLower(line), "run by") {
			return fail("the line that names the runner of a block is <!-- run by: %s -->", Runners()[0])
		}
		if (strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")) && trimmed != "" && before == "" {
			return fail("a block without fences: %q", trimmed)
		}
		before = trimmed
	}
	if end != "" || by != "" {
		return nil, fmt.Errorf("%s: the last block has no end", file)
	}
	return blocks, nil
}

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// inks are the colours of the lines, one for each stream that is named by
// others. All are dark enough to be read on every tint.
var inks = []string{"#1f5fbf", "#b4470f", "#1a7f37", "#8a3ffc", "#a3174f", "#0b7a75", "#7a5200", "#5b6470", "#0369a1", "#3b3bb3", "#86198f", "#9d174d"}

const (
	mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
	sans = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', 'Liberation Sans', sans-serif"
)

// legend explains the signs below the picture.
var legend = []string{
	"A line leads from a column to the key of the records that it names, in the colour of their stream. Dots join lines.",
	"Prongs stand for many, a bar for one. A key that single columns (n:1) and lists (n:m) lead to has a bar.",
	"Two lines from one column: it names a record of either stream. Columns that are no part of a key may be null.",
}

// Picture returns the streams and what joins them, as an SVG image.
func Picture(all []*section) ([]byte, error) {
	p, err := layOut(all)
	if err != nil {
		return nil, err
	}
	ink := map[string]string{}
	for _, b := range p.boxes {
		if slices.ContainsFunc(p.nets, func(n *net) bool { return n.to == b }) {
			ink[b.Name] = inks[len(ink)%len(inks)]
		}
	}
	h := p.h + 14 + 20*float64(len(legend)) + margin/2
	var d bytes.Buffer
	put := func(format string, args ...any) { fmt.Fprintf(&d, format+"\n", args...) }
	put(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" font-size="%d">`, p.w, h, p.w, h, fontSize)
	put(`<title>The streams and the columns that join them</title>`)
	put(`<rect class="ground" x="0.5" y="0.5" width="%.0f" height="%.0f" rx="8" fill="#ffffff" stroke="#d0d7de"/>`, p.w-1, h-1)
	for _, a := range p.areas {
		put(`<rect class="area" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8" fill="%s"/>`, a.x, a.y, a.w, a.h, a.Tint)
		put(`<text class="subject" x="%.1f" y="%.1f" font-family="%s" font-size="14" font-weight="bold" fill="#3d444d">%s</text>`, a.x+10, a.y+19, sans, a.Subject)
	}
	for _, n := range p.nets {
		put(`<g class="net" id="%s-%.0f" stroke="%s" stroke-width="1.4" fill="none">`, n.to.Name, n.x, ink[n.to.Name])
		put(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, n.x, n.top(), n.x, n.bottom())
		for _, e := range n.ends {
			edge, out := e.box.x, -1.0
			if e.left {
				edge, out = e.box.right(), 1
			}
			put(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, edge, e.y, n.x, e.y)
			if !e.many {
				put(`<line class="one" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, edge+6*out, e.y-5, edge+6*out, e.y+5)
			} else {
				for _, toe := range []float64{-3.5, 3.5} {
					put(`<line class="many" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, edge, e.y+toe, edge+9*out, e.y)
				}
			}
			if n.top() < e.y && e.y < n.bottom() {
				put(`<circle cx="%.1f" cy="%.1f" r="2.6" fill="%s" stroke="none"/>`, n.x, e.y, ink[n.to.Name])
			}
		}
		put(`</g>`)
	}
	for _, b := range p.boxes {
		put(`<g class="stream" id="%s" font-family="%s">`, b.Name, mono)
		put(`<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4" fill="#ffffff" stroke="#57606a"/>`, b.x, b.y, b.w, b.h)
		put(`<line class="rule" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#c8ced5"/>`, b.x, b.y+head-2, b.right(), b.y+head-2)
		put(`<text class="name" x="%.1f" y="%.1f" font-size="13" font-weight="bold" fill="%s">%s</text>`, b.x+8, b.y+17, cmp.Or(ink[b.Name], "#1f2328"), b.Name)
		for _, r := range b.rows {
			weight := "normal"
			if r.key {
				weight = "bold"
			}
			put(`<text class="column" x="%.1f" y="%.1f" font-weight="%s" fill="#1f2328">%s</text>`, b.x+8, r.y+4, weight, r.column)
			if r.mark != "" {
				put(`<text class="mark" x="%.1f" y="%.1f" text-anchor="end" fill="#57606a">%s</text>`, b.right()-8, r.y+4, r.mark)
			}
		}
		put(`</g>`)
	}
	for i, text := range legend {
		put(`<text class="legend" x="%.1f" y="%.1f" font-family="%s" font-size="13" fill="#3d444d">%s</text>`, margin-10, p.h+24+20*float64(i), sans, text)
	}
	put(`</svg>`)
	return d.Bytes(), nil
}

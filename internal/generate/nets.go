package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A net is all lines in one channel that lead to one stream: a trunk from top
// to bottom, and from each row a line to it.
type net struct {
	to    *box
	ends  []end
	track int     // of the trunk, from the left of the channel
	x     float64 // of the trunk
}

// An end is where a line leaves or enters a box. That of the first of a net's
// is the stream's own.
type end struct {
	box  *box
	y    float64
	left bool // of the channel
	many bool // of the records here belong to one there
}

func (n *net) top() float64 {
	return slices.MinFunc(n.ends, func(a, b end) int { return cmp.Compare(a.y, b.y) }).y
}

func (n *net) bottom() float64 {
	return slices.MaxFunc(n.ends, func(a, b end) int { return cmp.Compare(a.y, b.y) }).y
}

// A wire is a line from a row to a stream. Between two boxes of the middle
// column it may take either channel.
type wire struct {
	from     *box
	y        float64
	to       *box
	many     string // as in relation
	channels []int
}

// connect lays the lines into the channels between the columns, and returns
// the nets of each from left to right.
func (p *picture) connect(byName map[string]*box, found []relation) ([across - 1][]*net, error) {
	var none [across - 1][]*net
	var wires []wire
	for _, b := range p.boxes {
		for _, r := range b.rows {
			if r.lead == nil || r.lead.By != "" {
				continue
			}
			for i, name := range r.lead.To {
				to := byName[name]
				w := wire{b, r.y, to, r.lead.Many, nil}
				if n := len(r.lead.To); n > 1 {
					w.y += apart * (2*float64(i)/float64(n-1) - 1)
				}
				for c := range across - 1 {
					if touches(b, c) && touches(to, c) {
						w.channels = append(w.channels, c)
					}
				}
				if w.channels == nil {
					return none, fmt.Errorf("picture: no way leads from %s.%s to %s", b.Name, r.column, name)
				}
				wires = append(wires, w)
			}
		}
	}
	// Each wire that has a choice takes what makes the whole cross itself least,
	// one after the other until nothing gets better.
	best := lay(wires)
	for better := true; better; {
		better = false
		for i := range wires {
			if w := &wires[i]; len(w.channels) == 2 {
				w.channels[0], w.channels[1] = w.channels[1], w.channels[0]
				if other := lay(wires); cost(other) < cost(best) {
					best, better = other, true
				} else {
					w.channels[0], w.channels[1] = w.channels[1], w.channels[0]
				}
			}
		}
	}
	return best, nil
}

// tracks tells nets, which are in order, how far from the left their trunks
// run, and returns how many tracks that takes. Trunks above each other share one;
// those that are met from the right only keep to the right.
func tracks(nets []*net) (n int) {
	for i, net := range nets {
		net.track = 0
		for _, other := range nets[:i] {
			if net.beside(other) {
				net.track = max(net.track, other.track+1)
			}
		}
		n = max(n, net.track+1)
	}
	for i, net := range slices.Backward(nets) {
		if slices.ContainsFunc(net.ends, func(e end) bool { return e.left }) {
			continue
		}
		net.track = n - 1
		for _, other := range nets[i+1:] {
			if net.beside(other) {
				net.track = min(net.track, other.track-1)
			}
		}
	}
	return n
}

// beside reports whether two trunks would touch on one track.
func (n *net) beside(other *net) bool {
	return n.top() < other.bottom()+line && other.top() < n.bottom()+line
}

func touches(b *box, channel int) bool { return b.column == channel || b.column == channel+1 }

// lay puts wires into nets, and these into an order in which few lines cross.
func lay(wires []wire) (channels [across - 1][]*net) {
	for _, w := range wires {
		c := w.channels[0]
		i := slices.IndexFunc(channels[c], func(n *net) bool { return n.to == w.to })
		if i < 0 {
			i = len(channels[c])
			channels[c] = append(channels[c], &net{to: w.to, ends: []end{{w.to, w.to.keyRow().y, w.to.column == c, true}}})
		}
		n := channels[c][i]
		n.ends[0].many = n.ends[0].many && !strings.HasSuffix(w.many, ":1")
		n.ends = append(n.ends, end{w.from, w.y, w.from.column == c, strings.HasPrefix(w.many, "n:")})
	}
	for c := range channels {
		nets := channels[c]
		for better := true; better; {
			better = false
			for i := range nets {
				for j := range nets {
					moved := slices.Insert(slices.Delete(slices.Clone(nets), i, i+1), j, nets[i])
					if price(moved) < price(nets) {
						nets, better = moved, true
					}
				}
			}
		}
		channels[c] = nets
	}
	return channels
}

func cost(channels [across - 1][]*net) (sum int) {
	for _, nets := range channels {
		sum += price(nets)
	}
	return sum
}

// price is what an order of trunks costs: crossings above all, then lengths.
func price(nets []*net) (sum int) {
	for i, n := range nets {
		sum += 20 // each trunk makes the channel wider
		for _, e := range n.ends {
			passed := nets[i+1:]
			if e.left {
				passed = nets[:i]
			}
			for _, other := range passed {
				if n.beside(other) {
					sum++
				}
				if other.top() < e.y && e.y < other.bottom() {
					sum += 30
				}
			}
		}
	}
	return sum
}

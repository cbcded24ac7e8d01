// Command graphviz draws a graph in the language of Graphviz as SVG:
//
//	go run . streams.dot streams.svg
//
// It is a module of its own, so that the layout engine (Graphviz, compiled to
// WebAssembly) has a pinned version and is no dependency of the connector. The
// same source gives the same bytes on every machine: text is measured by
// built-in metrics, not by installed fonts.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/goccy/go-graphviz"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: graphviz SOURCE.dot IMAGE.svg")
		os.Exit(2)
	}
	if err := draw(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "graphviz:", err)
		os.Exit(1)
	}
}

func draw(ctx context.Context, source, image string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	engine, err := graphviz.New(ctx)
	if err != nil {
		return err
	}
	graph, err := graphviz.ParseBytes(text)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	var svg bytes.Buffer
	if err := engine.Render(ctx, graph, graphviz.SVG, &svg); err != nil {
		return err
	}
	return os.WriteFile(image, svg.Bytes(), 0o644)
}

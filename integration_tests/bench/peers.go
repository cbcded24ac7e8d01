package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// The models: what one writes with the kit of either protocol to read the five
// lists, and no more.
var (
	//go:embed models/tap.py
	modelTap string
	//go:embed models/stream.json
	modelStream string
)

// A modelList is how the models read a list.
type modelList struct {
	Stream string          `json:"stream"`
	Path   string          `json:"path"`
	Order  string          `json:"order"`
	Cursor string          `json:"cursor"`
	Schema json.RawMessage `json:"schema"` // that of the connector's stream
}

var modelLists = []modelList{
	{Stream: "tickets", Path: "tickets", Order: "updated_datetime:desc", Cursor: "updated_datetime"},
	{Stream: "ticket_messages", Path: "messages", Order: "created_datetime:desc", Cursor: "created_datetime"},
	{Stream: "customers", Path: "customers", Order: "updated_datetime:desc", Cursor: "updated_datetime"},
	{Stream: "satisfaction_surveys", Path: "satisfaction-surveys", Order: "created_datetime:desc", Cursor: "created_datetime"},
	{Stream: "events", Path: "events", Order: "created_datetime:desc", Cursor: "created_datetime"},
}

// environments are the Python environments of the clients that have the kits:
// of singer-sdk, and of airbyte-cdk.
func (b *bench) environments(ctx context.Context) (singer, airbyte string, err error) {
	cmd := exec.CommandContext(ctx, "go", "run", "-tags", "clients", "source-gorgias/integration_tests/clients", "-install", "meltanolabs,airbyte")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", "", err
	}
	dirs := strings.Fields(string(out))
	if len(dirs) != 2 {
		return "", "", fmt.Errorf("expected two environments: %s", out)
	}
	return dirs[0], dirs[1], nil
}

// withSchemas returns the lists with the schemas of the connector.
func (b *bench) withSchemas(ctx context.Context, r reading) ([]modelList, error) {
	out, err := exec.CommandContext(ctx, b.program, "discover", "--config", r.config).Output()
	if err != nil {
		return nil, err
	}
	schemas := map[string]json.RawMessage{}
	for line := range bytes.Lines(out) {
		var message struct {
			Catalog struct {
				Streams []struct {
					Name   string          `json:"name"`
					Schema json.RawMessage `json:"json_schema"`
				} `json:"streams"`
			} `json:"catalog"`
		}
		if err := json.Unmarshal(line, &message); err != nil {
			return nil, err
		}
		for _, s := range message.Catalog.Streams {
			schemas[s.Name] = s.Schema
		}
	}
	all := append([]modelList(nil), modelLists...)
	for i := range all {
		if all[i].Schema = schemas[all[i].Stream]; all[i].Schema == nil {
			return nil, fmt.Errorf("the catalog has no stream %s", all[i].Stream)
		}
	}
	return all, nil
}

// An origin is where the models find the account.
type origin struct {
	BaseURL     string `json:"base_url"`
	Credentials struct {
		Email  string `json:"email"`
		APIKey string `json:"api_key"`
	} `json:"credentials"`
}

// singerModel is the row of the model made with singer-sdk.
func (b *bench) singerModel(dir string, o origin, lists []modelList) (*row, error) {
	config, err := json.Marshal(map[string]any{"base_url": o.BaseURL, "email": o.Credentials.Email, "api_key": o.Credentials.APIKey, "streams": lists})
	if err != nil {
		return nil, err
	}
	script, err := b.write("tap.py", modelTap)
	if err != nil {
		return nil, err
	}
	file, err := b.write("tap.json", string(config))
	return b.python("model: a tap on singer-sdk", dir, "python", script, "--config", file), err
}

// airbyteModel is the row of the model that airbyte-cdk runs from a manifest.
func (b *bench) airbyteModel(dir string, o origin, lists []modelList) (*row, error) {
	var streams, catalog []string
	for _, l := range lists {
		streams = append(streams, strings.NewReplacer(
			"{{ stream }}", l.Stream, "{{ path }}", l.Path, "{{ order }}", l.Order, "{{ cursor }}", l.Cursor, `"{{ schema }}"`, string(l.Schema),
			"{{ base_url }}", o.BaseURL, "{{ email }}", o.Credentials.Email, "{{ api_key }}", o.Credentials.APIKey).Replace(modelStream))
		catalog = append(catalog, fmt.Sprintf(`{"stream":{"name":%q,"json_schema":%s,"supported_sync_modes":["full_refresh","incremental"]},`+
			`"sync_mode":"incremental","destination_sync_mode":"append"}`, l.Stream, l.Schema))
	}
	config, err := b.write("manifest.json", `{"__injected_declarative_manifest":{"version":"7.0.0","type":"DeclarativeSource",`+
		`"check":{"type":"CheckStream","stream_names":["tickets"]},"spec":{"type":"Spec","connection_specification":{"type":"object","properties":{}}},`+
		`"streams":[`+strings.Join(streams, ",")+`]}}`)
	if err != nil {
		return nil, err
	}
	file, err := b.write("manifest_catalog.json", `{"streams":[`+strings.Join(catalog, ",")+`]}`)
	return b.python("model: a manifest on airbyte-cdk", dir, "source-declarative-manifest", "read", "--config", config, "--catalog", file), err
}

// python is the row of a program of a Python environment. It reaches nothing
// but this machine.
func (b *bench) python(name, dir, program string, args ...string) *row {
	return &row{name: name, repeats: 1, run: func(ctx context.Context) (usage, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(dir, "bin", program), args...)
		cmd.Dir = b.dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "LANG=C.UTF-8", "NO_PROXY=127.0.0.1", "HTTPS_PROXY=http://127.0.0.1:9", "DO_NOT_TRACK=1"}
		return measure(cmd)
	}}
}

// peers compares the connector with other readers of the five lists.
func (b *bench) peers(ctx context.Context, rounds int) error {
	singer, airbyte, err := b.environments(ctx)
	if err != nil {
		return err
	}
	config, stop, err := b.sandbox(ctx, account, 0)
	if err != nil {
		return err
	}
	defer stop()
	r, err := b.reading(config, 4, lists)
	if err != nil {
		return err
	}
	var o origin
	if err := json.Unmarshal(fmt.Appendf(nil, config, 4), &o); err != nil {
		return err
	}
	described, err := b.withSchemas(ctx, r)
	if err != nil {
		return err
	}
	tap, err := b.singerModel(singer, o, described)
	if err != nil {
		return err
	}
	source, err := b.airbyteModel(airbyte, o, described)
	if err != nil {
		return err
	}
	rows := append(b.ours(r), tap, source)
	if err := alternate(ctx, rows, rounds); err != nil {
		return err
	}
	ours := rows[0]
	perRecord := func(u usage) float64 { return u.cpu.Seconds() / float64(u.lines.records) }
	fmt.Printf("first sync of %d streams, medians of %d rounds\n\n", len(lists), rounds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trecords\tCPU per record, ours = 1\tpeak MiB\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.0f\t\n", r.name, r.rounds[0].lines.records,
			r.median(func(i int, u usage) float64 { return perRecord(u) / perRecord(ours.rounds[i]) }),
			r.median(func(_ int, u usage) float64 { return u.peak }))
	}
	return w.Flush()
}

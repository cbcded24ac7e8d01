package main

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
)

// A baseline does one part of what a connector must do, on the same response
// bodies: files of a directory, plain or as they are sent. It runs in a process
// of its own, and several times, because some parts take less time than the
// start of a process.
type baseline struct {
	name, about string
	packed      bool
	do          func() func(body []byte) error // with what one process keeps between bodies
}

// repeats is how often a process does its part.
const repeats = 5

var baselines = []baseline{
	{"tokens", "read all JSON tokens (jsontext)", false, func() func([]byte) error {
		var d jsontext.Decoder
		return func(body []byte) error {
			// The decoder reads the bytes of a Buffer in place. The account has halves
			// of surrogate pairs.
			d.Reset(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true))
			for {
				if _, err := d.ReadToken(); err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
			}
		}
	}},
	{"valid", "encoding/json.Valid", false, func() func([]byte) error {
		return func(body []byte) error {
			if !json.Valid(body) {
				return errors.New("invalid JSON")
			}
			return nil
		}
	}},
	{"gunzip", "gunzip (compress/gzip)", true, func() func([]byte) error {
		var z stdgzip.Reader
		var in bytes.Reader
		return func(body []byte) error {
			in.Reset(body)
			return unpack(&z, z.Reset(&in))
		}
	}},
	{"gunzip-klauspost", "gunzip (klauspost/compress)", true, func() func([]byte) error {
		var z gzip.Reader
		var in bytes.Reader
		return func(body []byte) error {
			in.Reset(body)
			return unpack(&z, z.Reset(&in))
		}
	}},
	{"cat", "copy (cat)", false, func() func([]byte) error {
		return func(body []byte) error {
			_, err := os.Stdout.Write(body)
			return err
		}
	}},
}

// unpack reads what z unpacks, if it could be opened.
func unpack(z io.Reader, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, z)
	return err
}

// run does the part of the baseline on the bodies in a directory.
func (b baseline) run(dir string) error {
	pattern := filepath.Join(dir, "*.json")
	if b.packed {
		pattern = filepath.Join(dir, "*.gz")
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no %s: %w", pattern, err)
	}
	var buf bytes.Buffer
	do := b.do()
	for range repeats {
		for _, name := range files {
			if err := readFile(&buf, name); err != nil {
				return err
			}
			if err := do(buf.Bytes()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// readFile reads a file into a buffer.
func readFile(buf *bytes.Buffer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	buf.Reset()
	_, err = buf.ReadFrom(f)
	return err
}

// saveBody stores a body for the baselines, plain and packed.
func saveBody(dir string, n int, body []byte) error {
	var packed bytes.Buffer
	z, err := stdgzip.NewWriterLevel(&packed, stdgzip.BestSpeed) // as the sandbox does
	if err != nil {
		return err
	}
	if _, err = z.Write(body); err == nil {
		err = z.Close()
	}
	name := filepath.Join(dir, strconv.Itoa(n))
	return errors.Join(err, os.WriteFile(name+".json", body, 0o600), os.WriteFile(name+".gz", packed.Bytes(), 0o600))
}

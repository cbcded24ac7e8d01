package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"time"
)

// epoch is when everything in a package was made: the earliest time that all
// its formats can tell.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// archive packs the program, under both of its names, with what goes along.
func (r *release) archive(p platform, binary []byte) ([]byte, error) {
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zip)
	dir := fmt.Sprintf("%s_%s_%s_%s/", program, r.version, p.os, p.arch)
	put := func(name string, mode int64, content []byte) error {
		err := w.WriteHeader(&tar.Header{Name: dir + name, Mode: mode, Size: int64(len(content)), ModTime: epoch, Format: tar.FormatUSTAR})
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	if err := put(program+p.suffix(), 0o755, binary); err != nil {
		return nil, err
	}
	if p.os == "windows" { // where links are a privilege
		err = put(asTap+p.suffix(), 0o755, binary)
	} else {
		err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: dir + asTap, Linkname: program, Mode: 0o777, ModTime: epoch, Format: tar.FormatUSTAR})
	}
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{"LICENSE", r.files["LICENSE"]},
		{"LICENSES-linked.txt", r.licences},
		{description, r.files[description]},
		{"catalog.json", r.files["catalog.json"]},
		{"tap-gorgias.yml", r.files["tap-gorgias.yml"]},
	} {
		if err := put(f.name, 0o644, f.content); err != nil {
			return nil, err
		}
	}
	err = errors.Join(w.Close(), zip.Close())
	return b.Bytes(), err
}

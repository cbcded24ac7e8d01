package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// epoch is the time of all files in a wheel: the earliest that zip can express.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// wheel returns a Python package with the program of a platform as a script,
// under both of its names. It contains the program twice: a wheel has no links, a
// script that starts the other would need a shell or Python, and some
// installers move scripts to other directories.
//
// The format is that of PEP 427; the metadata have version 2.4 (PEP 639).
func wheel(p platform, version, exe string, binary, sbom []byte) (name string, _ []byte, err error) {
	base := strings.ReplaceAll(program, "-", "_") + "-" + version
	info, scripts := base+".dist-info/", base+".data/scripts/"
	texts := map[string][]byte{}
	for _, path := range []string{"LICENSE", linkedLicenses, "README.md"} {
		if texts[path], err = os.ReadFile(path); err != nil {
			return "", nil, err
		}
	}
	var about strings.Builder
	fmt.Fprintf(&about, "Wheel-Version: 1.0\nGenerator: %s\nRoot-Is-Purelib: false\n", program)
	for _, tag := range p.tags {
		fmt.Fprintf(&about, "Tag: py3-none-%s\n", tag)
	}

	var b, record bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	put := func(name string, mode fs.FileMode, content []byte) {
		if err != nil {
			return
		}
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
		h.SetMode(mode)
		var f io.Writer
		if f, err = w.CreateHeader(h); err == nil {
			_, err = f.Write(content)
		}
		sum := sha256.Sum256(content)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
	}
	put(scripts+program+exe, 0o755, binary)
	put(scripts+tap+exe, 0o755, binary)
	put(info+"licenses/LICENSE", 0o644, texts["LICENSE"])
	put(info+"licenses/LICENSES-linked.txt", 0o644, texts[linkedLicenses])
	put(info+"sboms/"+program+".cdx.json", 0o644, sbom)
	put(info+"METADATA", 0o644, metadata(version, texts["README.md"]))
	put(info+"WHEEL", 0o644, []byte(about.String()))
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	put(info+"RECORD", 0o644, bytes.Clone(record.Bytes()))
	err = errors.Join(err, w.Close())
	return fmt.Sprintf("%s-py3-none-%s.whl", base, strings.Join(p.tags, ".")), b.Bytes(), err
}

// metadata returns the wheel's core metadata, followed by the README.
func metadata(version string, readme []byte) []byte {
	return fmt.Appendf(nil, `Metadata-Version: 2.4
Name: %s
Version: %s
Summary: %s
Keywords: gorgias,airbyte,singer,meltano,helpdesk
License-Expression: %s
License-File: LICENSE
License-File: LICENSES-linked.txt
Project-URL: Documentation, https://developers.gorgias.com/reference/introduction
Classifier: Environment :: Console
Classifier: Programming Language :: Go
Requires-Python: >=3.9
Description-Content-Type: text/markdown

%s`, program, version, summary, license, readme)
}

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// epoch is the time of every file in a package: the earliest that a zip knows.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes the zip and the SBOM for one processor and returns their names.
func pack(ctx context.Context, o options, arch string, c content) ([]string, error) {
	dir, err := os.MkdirTemp("", "lifeboat-package-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file, err := compile(ctx, o, arch, dir)
	if err != nil {
		return nil, err
	}
	binary, err := readBinary(file)
	if err != nil {
		return nil, err
	}
	files := maps.Clone(c.files)
	files[binaryName] = binary.content
	if files[noticesName], err = notices(ctx, o.root, binary); err != nil {
		return nil, err
	}
	archive, err := archived(files)
	if err != nil {
		return nil, err
	}
	parts, err := sbom(o.build, arch, binary)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("lifeboat-%s-linux-%s", o.build.version, arch)
	names := []string{name + ".zip", name + ".cdx.json"}
	for i, text := range [][]byte{archive, parts} {
		if err := write(filepath.Join(o.out, names[i]), text); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// archived is a zip of files: sorted, with one time and two modes.
func archived(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		head := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
		head.SetMode(mode(name))
		entry, err := w.CreateHeader(head)
		if err == nil {
			_, err = entry.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", name, err)
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// mode is that of a file in the package: the host must be able to run the
// binary.
func mode(name string) fs.FileMode {
	if name == binaryName {
		return 0o755
	}
	return 0o644
}

// write puts text into file, whole or not at all.
func write(file string, text []byte) error {
	half := file + ".part"
	if err := os.WriteFile(half, text, 0o644); err != nil {
		return err
	}
	return os.Rename(half, file)
}

// checksums writes SHA256SUMS of the named files in dir, for sha256sum -c, and
// lists them.
func checksums(dir string, names []string, stdout io.Writer) error {
	slices.Sort(names)
	var sums bytes.Buffer
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), name)
		fmt.Fprintf(stdout, "%9d bytes  %s\n", len(text), filepath.Join(dir, name))
	}
	fmt.Fprintf(stdout, "%s", sums.Bytes())
	return write(filepath.Join(dir, "SHA256SUMS"), sums.Bytes())
}

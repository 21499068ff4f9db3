package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
)

// binary is the built program with what the toolchain wrote into it.
type binary struct {
	content []byte
	info    *debug.BuildInfo
}

func readBinary(file string) (binary, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return binary{}, err
	}
	info, err := buildinfo.Read(bytes.NewReader(text))
	if err != nil {
		return binary{}, fmt.Errorf("read what the binary is made of: %w", err)
	}
	return binary{content: text, info: info}, nil
}

// modules are those that are linked in, in the binary's order, which is by
// path.
func (b binary) modules() []*debug.Module {
	var all []*debug.Module
	for _, m := range b.info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		all = append(all, m)
	}
	return all
}

// ref is how the SBOM names the program itself.
const ref = "lifeboat"

// sbom lists what the binary is made of as CycloneDX: the modules that are
// linked in, and Go's own library. It has neither a time nor a serial number,
// so that it can be reproduced.
func sbom(is identity, arch string, b binary) ([]byte, error) {
	parts := []cyclonedx.Component{part("stdlib", strings.TrimPrefix(b.info.GoVersion, "go"), "")}
	for _, m := range b.modules() {
		parts = append(parts, part(m.Path, m.Version, m.Sum))
	}
	var refs []string
	for _, p := range parts {
		refs = append(refs, p.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: ref, Type: cyclonedx.ComponentTypeApplication, Name: ref, Version: is.version,
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(b.content))}},
		Properties: &[]cyclonedx.Property{
			{Name: "lifeboat:file", Value: binaryName}, {Name: "lifeboat:platform", Value: "linux/" + arch},
			{Name: "lifeboat:revision", Value: is.revision}, {Name: "lifeboat:modified", Value: fmt.Sprint(is.modified)},
		},
	}}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: ref, Dependencies: &refs}}
	var out bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return out.Bytes(), err
}

// part is a module; sum is its checksum as go.sum writes it.
func part(path, version, sum string) cyclonedx.Component {
	namespace, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		namespace, name = path[:i], path[i+1:]
	}
	url := packageurl.NewPackageURL(packageurl.TypeGolang, namespace, name, version, nil, "").ToString()
	c := cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url, Scope: cyclonedx.ScopeRequired}
	if sum != "" {
		c.Properties = &[]cyclonedx.Property{{Name: "lifeboat:go.sum", Value: sum}}
	}
	return c
}

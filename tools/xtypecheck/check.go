package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// listed is what is asked of go list about one package.
type listed struct {
	ImportPath, Dir   string
	GoFiles, CgoFiles []string
	ImportMap         map[string]string
	DepOnly           bool
	Error             *struct{ Err string }
}

// report is the result for one system.
type report struct {
	all, own, cgo int
	errors        []error
}

// check type-checks every package of the module in dir, and the declarations
// of what they import, as goos/goarch would see them. Several systems can be
// checked at the same time, and share the files that they have in common.
func check(dir, goos, goarch string, shared *sources) (report, error) {
	pkgs, err := list(dir, goos, goarch)
	if err != nil {
		return report{}, err
	}
	c := checker{
		files: shared,
		sizes: types.SizesFor("gc", goarch),
		done:  map[string]*types.Package{"unsafe": types.Unsafe},
	}
	if c.sizes == nil {
		return report{}, fmt.Errorf("unknown architecture %q", goarch)
	}
	var r report
	for _, p := range pkgs { // go list -deps puts what is imported first
		if p.ImportPath == "unsafe" || p.ImportPath == "C" {
			continue
		}
		r.all++
		errs := c.check(p)
		if p.DepOnly {
			continue // somebody else's: what we use of it shows in ours
		}
		r.own++
		if len(p.CgoFiles) > 0 {
			r.cgo++
		}
		if p.Error != nil {
			r.errors = append(r.errors, fmt.Errorf("%s: %s", p.ImportPath, p.Error.Err))
		}
		r.errors = append(r.errors, errs...)
	}
	if r.own == 0 {
		return r, errors.New("go list named no package of the module")
	}
	return r, nil
}

// list asks go list for the module's packages and all that they import.
func list(dir, goos, goarch string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,CgoFiles,ImportMap,DepOnly,Error", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=1")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(errOut.Bytes()))
	}
	var pkgs []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading go list: %w", err)
		}
		pkgs = append(pkgs, p)
	}
}

// checker keeps what has been checked so far, so that importers find it.
type checker struct {
	files *sources
	sizes types.Sizes
	done  map[string]*types.Package
}

// check type-checks one package. Function bodies of other modules are skipped.
func (c *checker) check(p listed) []error {
	var errs []error
	files := make([]*ast.File, 0, len(p.GoFiles)+len(p.CgoFiles))
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.Dir, name)
		}
		f, err := c.files.parse(name, p.DepOnly)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files = append(files, f)
	}
	conf := types.Config{
		FakeImportC:      true,
		IgnoreFuncBodies: p.DepOnly,
		Sizes:            c.sizes,
		Importer:         importer{c, p.ImportMap},
		Error:            func(err error) { errs = append(errs, err) },
	}
	// Every error has gone to conf.Error, and a package that has some is
	// still good enough for its importers.
	c.done[p.ImportPath], _ = conf.Check(p.ImportPath, c.files.fset, files, nil)
	return errs
}

// importer finds packages among those checked before.
type importer struct {
	c       *checker
	mapping map[string]string // import path in the source → real path (vendored std)
}

func (i importer) Import(path string) (*types.Package, error) {
	if real, ok := i.mapping[path]; ok {
		path = real
	}
	if p := i.c.done[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no package %s", path)
}

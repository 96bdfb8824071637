package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/lanyard-sso/lanyard"

// systems are the systems whose files are looked at: an arrow that is broken
// only on Windows is broken.
var systems = []string{"linux/amd64", "windows/amd64", "darwin/arm64", "android/arm64", "ios/arm64"}

// node is one package as `go list` tells it.
type node struct {
	ImportPath string
	Doc        string
	Standard   bool
	Imports    []string
	GoFiles    []string
	CgoFiles   []string
	Error      *struct{ Err string }
}

// graph holds the packages by import path. Test files are not in it: tests may
// import entratest, and each other's helpers.
type graph map[string]node

// load returns the graph of the whole module on every system.
func load(t *testing.T) graph {
	t.Helper()
	g, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// listed asks go list, once, and joins the answers for all systems. cgo counts
// as on everywhere, so that GL cannot hide; nothing is compiled.
var listed = sync.OnceValues(func() (graph, error) {
	g := graph{}
	for _, system := range systems {
		goos, goarch, _ := strings.Cut(system, "/")
		cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Doc,Standard,Imports,GoFiles,CgoFiles,Error", "./...")
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=1")
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w: %s", system, err, &errOut)
		}
		if err := g.add(out); err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
	}
	return g, nil
})

// add joins one answer of go list to g.
func (g graph) add(out []byte) error {
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var n node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if n.Error != nil && ours(n.ImportPath) && !strings.Contains(n.Error.Err, "build constraints exclude all Go files") {
			return fmt.Errorf("%s: %s", n.ImportPath, n.Error.Err)
		}
		had := g[n.ImportPath]
		n.Imports = union(had.Imports, n.Imports)
		n.GoFiles = union(had.GoFiles, n.GoFiles)
		if n.Doc == "" {
			n.Doc = had.Doc
		}
		g[n.ImportPath] = n
	}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// ours reports whether a package is part of this module.
func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// short is how the tables name a package of ours: "." is the app's main.
func short(path string) string {
	switch {
	case path == module:
		return "."
	case ours(path):
		return strings.TrimPrefix(path, module+"/")
	}
	return path
}

// long is the import path of what the tables name.
func long(name string) string {
	first, _, _ := strings.Cut(name, "/")
	switch {
	case name == ".":
		return module
	case strings.Contains(first, "."):
		return name
	}
	return module + "/" + name
}

// within reports whether path is what pattern names: the package itself, or
// with "/..." also what is below it.
func within(path, pattern string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == below || strings.HasPrefix(path, below+"/")
	}
	return path == pattern
}

// reach returns the shortest chain of imports from one package to the first
// that bad accepts, or nil.
func (g graph) reach(from string, bad func(string) bool) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range g[queue[0]].Imports {
			if _, seen := before[next]; seen {
				continue
			}
			before[next] = queue[0]
			if bad(next) {
				var chain []string
				for at := next; at != ""; at = before[at] {
					chain = append([]string{short(at)}, chain...)
				}
				return chain
			}
			queue = append(queue, next)
		}
	}
	return nil
}

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"sync"
)

// sources keeps files that were parsed: most are the same on every system, and
// reading them is half of the work. It may be used by several goroutines; the
// type checker only reads what it is given.
type sources struct {
	fset  *token.FileSet
	files sync.Map // of *source, by name
}

// source is one file, parsed by whoever asks for it first.
type source struct {
	once sync.Once
	file *ast.File
	err  error
}

func newSources() *sources { return &sources{fset: token.NewFileSet()} }

// parse returns a file. Of somebody else's only the declarations are kept, since
// nobody looks at the bodies.
func (s *sources) parse(name string, declarations bool) (*ast.File, error) {
	v, _ := s.files.LoadOrStore(name, new(source))
	f := v.(*source)
	f.once.Do(func() {
		f.file, f.err = parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if f.err != nil || !declarations {
			return
		}
		for _, d := range f.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				fn.Body = nil
			}
		}
	})
	return f.file, f.err
}

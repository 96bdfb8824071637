package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// mark is one requirement that one test says it proves.
type mark struct {
	row, test, where string // test is empty when the mark stands above none
}

var reqLine = regexp.MustCompile(`^//\s*req:\s*(.+)$`)

// scan reads the marks of every test file below dir.
func scan(dir string) ([]mark, error) {
	var marks []mark
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		found, err := scanFile(dir, path)
		marks = append(marks, found...)
		return err
	})
	return marks, err
}

// scanFile reads the marks of one test file.
func scanFile(dir, path string) ([]mark, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	tests := map[*ast.CommentGroup]string{}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Doc != nil && fn.Recv == nil && isTest(fn.Name.Name) {
			tests[fn.Doc] = fn.Name.Name
		}
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return nil, err
	}
	var marks []mark
	for _, group := range f.Comments {
		for _, c := range group.List {
			m := reqLine.FindStringSubmatch(c.Text)
			if m == nil {
				continue
			}
			where := fmt.Sprintf("%s:%d", filepath.ToSlash(name), fset.Position(c.Pos()).Line)
			for _, row := range strings.FieldsFunc(m[1], func(r rune) bool { return r == ' ' || r == ',' }) {
				marks = append(marks, mark{row, tests[group], where})
			}
		}
	}
	return marks, nil
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Example")
}

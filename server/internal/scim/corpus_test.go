package scim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// readCase reads a file of the corpus. Its comment must say why it is there.
func readCase(t *testing.T, name string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(a.Comment)) == "" {
		t.Fatal("the first line must say why this case is here")
	}
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

// eachCase runs f for every file of a folder of the corpus, each of which must
// have one of the files named in either.
func eachCase(t *testing.T, folder string, f func(t *testing.T, c map[string]string)) {
	names, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			f(t, readCase(t, name))
		})
	}
}

func decode(t testing.TB, text string) Resource {
	t.Helper()
	r, err := Decode([]byte(text))
	if err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
	return r
}

func checkResult(t *testing.T, c map[string]string, before Resource, got Result, err error) {
	t.Helper()
	want := strings.TrimSpace(c["error"])
	text := ""
	if err != nil {
		text = err.Error()
	}
	if want == "" && c["after"] == "" {
		t.Fatal("the case has neither after nor error")
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Fatalf("error (-want +got):\n%s", diff)
	}
	if want != "" {
		return
	}
	if diff := cmp.Diff(decode(t, c["after"]), got.After); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	if changed := !cmp.Equal(before, got.After); changed != got.Changed {
		t.Errorf("Changed is %v, but whether the resource differs is %v", got.Changed, changed)
	}
	if diff := cmp.Diff(strings.Fields(c["ignored"]), got.Ignored, cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
}

// Each file in testdata/patch is one PATCH as it is sent in the world.
//
// req: E2
func TestPatch(t *testing.T) {
	users := Users()
	eachCase(t, "patch", func(t *testing.T, c map[string]string) {
		before := decode(t, c["before"])
		ops, err := ParsePatch([]byte(c["patch"]))
		var got Result
		if err == nil {
			got, err = users.Patch(before, ops)
		}
		checkResult(t, c, before, got, err)
		if diff := cmp.Diff(decode(t, c["before"]), before); diff != "" {
			t.Errorf("Patch changed its argument (-was +is):\n%s", diff)
		}
		if err == nil {
			again, err := users.Patch(got.After, nil)
			if err != nil || again.Changed {
				t.Errorf("the result is not normal: %v, %v", again.After, err)
			}
		}
	})
}

// Each file in testdata/create is the body of a POST, or with before of a PUT.
//
// req: E1
func TestCreateAndReplace(t *testing.T) {
	users := Users()
	eachCase(t, "create", func(t *testing.T, c map[string]string) {
		body, err := Decode([]byte(c["body"]))
		if err != nil {
			checkResult(t, c, nil, Result{}, err)
			return
		}
		if c["before"] == "" {
			got, err := users.Create(body)
			checkResult(t, c, nil, got, err)
			return
		}
		before := decode(t, c["before"])
		got, err := users.Replace(before, body)
		checkResult(t, c, before, got, err)
	})
}

// Each file in testdata/filter is a resource and filters that match it, that do
// not, and that are no filters.
func TestFilter(t *testing.T) {
	users := Users()
	eachCase(t, "filter", func(t *testing.T, c map[string]string) {
		r := decode(t, c["resource"])
		for section, want := range map[string]bool{"matches": true, "differs": false} {
			for _, text := range strings.Split(strings.TrimSuffix(c[section], "\n"), "\n") {
				f, err := ParseFilter(text)
				if err != nil {
					t.Errorf("%s: %v", text, err)
					continue
				}
				m, err := users.Compile(f)
				if err != nil {
					t.Errorf("%s: %v", text, err)
					continue
				}
				if m(r) != want {
					t.Errorf("%s: got %v, want %v (parsed as %s)", text, !want, want, f)
				}
			}
		}
		if c["invalid"] == "" {
			return
		}
		for _, text := range strings.Split(strings.TrimSuffix(c["invalid"], "\n"), "\n") {
			f, err := ParseFilter(text)
			if err == nil {
				_, err = users.Compile(f)
			}
			if KindOf(err) != InvalidFilter {
				t.Errorf("%q: got %v, want invalidFilter", text, err)
			}
		}
	})
}

// The corpus is for people to read: a line must fit a screen, and every file
// must be named after what it shows.
func TestCorpusFilesBeginWithASentence(t *testing.T) {
	names, _ := filepath.Glob("testdata/*/*.txtar")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(string(data), "\n"); !strings.HasSuffix(strings.TrimSpace(first), ".") {
			t.Errorf("%s: the first line is no sentence: %q", name, first)
		}
	}
}

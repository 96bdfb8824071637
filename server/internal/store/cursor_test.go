package store

import (
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// A cursor comes back from outside: whatever it is, it leads to a page or is
// refused.
func FuzzCursor(f *testing.F) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.TempDir(), "x.db")+"?_pragma=journal_mode(wal)")
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(f.Context(), Config{Engine: &shaky{}, Read: db, Write: db})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	s.Use(Rules{Version: 1})
	if err := s.CreateWorkspace(f.Context(), directory.Workspace{ID: "acme"}); err != nil {
		f.Fatal(err)
	}
	for _, id := range []string{"u-1", "u-2", "u-3"} {
		u := directory.User{
			ID: id, Directory: "acme", UserName: id, State: directory.Active, Doc: []byte("{}"), Modified: time.Unix(1e9, 0),
			Terms: []directory.Term{{Path: "a", Value: id}},
		}
		if err := s.InsertUser(f.Context(), u); err != nil {
			f.Fatal(err)
		}
	}
	searches := []Search[directory.User]{
		{Count: 1},
		{Count: 1, Where: Compare{Path: "a", Op: SW, Value: "u"}},
		{Count: 1, Where: Compare{Path: "meta.lastmodified", Op: GT, Value: "1900-01-01T00:00:00.000000Z"}},
	}
	for _, q := range searches {
		page, err := s.SearchUsers(f.Context(), "acme", q)
		if err != nil || page.Next == "" {
			f.Fatalf("%+v, %v", page, err)
		}
		f.Add(string(page.Next))
		f.Add(string(page.Next[:len(page.Next)-2]))
	}
	f.Add("bTE")
	f.Add("\x00\x00\x00\x00\x02tu-1")
	f.Fuzz(func(t *testing.T, text string) {
		for _, q := range append(searches, garbled(t, s, searches, text)...) {
			if q.After == "" {
				q.After = Cursor(text)
			}
			page, err := s.SearchUsers(t.Context(), "acme", q)
			if text != "" && err != nil && !errors.Is(err, ErrCursor) || len(page.Items) > 1 {
				t.Errorf("%q: %d people, %v", text, len(page.Items), err)
			}
		}
		if code, err := parseMemberCursor(Cursor(text)); err == nil {
			if again, err := parseMemberCursor(memberCursor(code)); again != code || err != nil {
				t.Errorf("%d became %d, %v", code, again, err)
			}
		}
	})
}

func TestHadTerms_itReadsWhatTheDatabaseWrote(t *testing.T) {
	got, err := hadTerms("1:0:12:3:a:1345:2:é\U0001f4517:1:x")
	want := []termKey{{1, ""}, {12, "a:1"}, {345, "é\U0001f451"}, {7, "x"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"x", "1", "1:x:", "x:1:a"} {
		if got, err := hadTerms(bad); err == nil {
			t.Errorf("%q became %+v", bad, got)
		}
	}
}

func TestEnd_itIsTheLeastTextBehindAllThatBeginAlike(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "b", "az": "a{", "a\U0010ffff": "b", "\U0010ffff": "", "\ud7ff": "\ue000", "é": "ê", "": "",
	} {
		if got := end(prefix); got != want {
			t.Errorf("behind %q comes %q, got %q", prefix, want, got)
		}
	}
}

// garbled returns the searches with cursors whose check is right and whose rest
// is text: one must not rely on the check.
func garbled(t *testing.T, s *Store, searches []Search[directory.User], text string) []Search[directory.User] {
	t.Helper()
	var all []Search[directory.User]
	for _, q := range searches {
		w, err := begin(t.Context(), s, s.userShelf(), "acme", q)
		if err != nil {
			t.Fatal(err)
		}
		head := binary.BigEndian.AppendUint32([]byte{2}, shape(w.shape, []byte(text)))
		q.After = Cursor(base64.RawURLEncoding.EncodeToString(append(head, text...)))
		all = append(all, q)
	}
	return all
}

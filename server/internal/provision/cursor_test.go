package provision

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// A cursor comes back from outside: whatever it says, it is either one of ours,
// and then leads to one place and one count, or refused.
func FuzzCursor(f *testing.F) {
	c := &call{}
	query := func() *search { return &search{rt: scim.Users(), sortBy: "title"} }
	s := query()
	s.page.count = 7
	ours := c.cursor(s, rank{key: "boss", id: "1", has: true}.cursor())
	print := c.print(s)
	for _, seed := range []string{ours, "", ".", print, print + ".", print + "..", print + ".501.x", print + ".-1.x", print + ".7.", print + ".7." + strings.Repeat("x", scim.MaxFilter+1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := query()
		after, err := c.resume(s, text)
		if err != nil {
			if kind := scim.KindOf(err); kind != scim.InvalidCursor {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if s.page.count < 0 || s.page.count > maxCount || !strings.HasPrefix(text, print) || !strings.HasSuffix(text, string(after)) {
			t.Fatalf("%q leads to %q with a count of %d", text, after, s.page.count)
		}
	})
}

func FuzzRank(f *testing.F) {
	for _, r := range []rank{{}, {id: "1"}, {key: "boss", id: "1", has: true}, {key: "a\x00b", id: "2", has: true}} {
		f.Add(string(r.cursor()))
	}
	f.Add("!")
	f.Add("MQ")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRank(store.Cursor(text))
		if err != nil {
			return
		}
		again, err := parseRank(r.cursor())
		if err != nil || again != r || r.compare(again) != 0 {
			t.Fatalf("%q is %+v, and again %+v, %v", text, r, again, err)
		}
	})
}

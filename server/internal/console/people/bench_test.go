package people_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// BenchmarkPages opens pages of a workspace with many people: each is to take
// less than 100 ms at 100,000.
func BenchmarkPages(b *testing.B) {
	const many = 100_000
	c := consoletest.New(b, sections)
	fill(b, c, many)
	for name, path := range map[string]string{
		"list":          "",
		"suspended":     "?state=suspended",
		"archived":      "?state=archived",
		"by name":       "?q=person+50000",
		"by address":    "?q=mail-p5",
		"by ID":         "?q=ext-u-77777",
		"nobody":        "?q=zzz",
		"archived none": "?state=archived&q=zzz",
		"waiting":       "?state=waiting",
		"person":        "/u-500",
		"access":        "/u-500/access",
		"timeline":      "/u-500/timeline",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Get(base + path).OK()
			}
		})
	}
}

// fill puts so many people into acme, a tenth of them suspended or archived.
func fill(b *testing.B, c *consoletest.Console, many int) {
	b.Helper()
	w, err := c.Store.Workspace(b.Context(), "acme")
	if err != nil {
		b.Fatal(err)
	}
	turns := make(chan struct{}, 256)
	failed := make(chan error, 1)
	for i := range many {
		turns <- struct{}{}
		go func() {
			defer func() { <-turns }()
			id := fmt.Sprintf("u-%d", i)
			mail := fmt.Sprintf("p%d@acme.example", i)
			u, err := directory.NewUser(w, directory.User{
				ID: id, Directory: "dir-acme", UserName: mail, ExternalID: "ext-" + id, State: directory.Active,
				Created: c.Now().Add(time.Duration(i)), Modified: c.Now(),
				Doc: fmt.Appendf(nil, `{"userName":%q,"displayName":"Person %d","name":{"givenName":"P%d","familyName":"Person"},"emails":[{"value":"mail-%s","type":"work"}]}`, mail, i, i, mail),
			})
			if i%20 == 1 {
				u.State = directory.Suspended
			}
			if err == nil {
				err = c.Store.InsertUser(b.Context(), u, directory.Change(directory.User{}, u).Events...)
			}
			if err == nil && i%20 == 2 {
				after := u
				after.State, after.Version = directory.Archived, 2
				err = c.Store.SaveUser(b.Context(), after, 1, directory.Change(u, after))
			}
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		}()
	}
	for range cap(turns) {
		turns <- struct{}{}
	}
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
}

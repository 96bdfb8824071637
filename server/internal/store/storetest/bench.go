package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// callers is how many at once use the store in a benchmark, for each core.
const callers = 4

// doc has the size of the resource that Entra makes of a person, about 1.2 kB.
var doc = fmt.Appendf(nil, `{"displayName":"Ada Lovelace","title":%q}`, strings.Repeat("Countess ", 130))

func setUp(b *testing.B, fresh func(testing.TB) Database) *store.Store {
	s := open(b, fresh(b))
	must(b, s.CreateWorkspace(b.Context(), directory.Workspace{ID: "acme", Created: start}))
	b.SetParallelism(callers)
	return s
}

func person(n int) directory.User {
	u := ada(n)
	u.Doc = doc
	return u
}

// BenchmarkInsertUser measures durable creations, each with its event.
func BenchmarkInsertUser(b *testing.B, fresh func(testing.TB) Database) {
	s := setUp(b, fresh)
	var next atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := insert(b.Context(), s, person(int(next.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
	perSecond(b)
}

// BenchmarkGetUser measures reading one of 2,000 people by id.
func BenchmarkGetUser(b *testing.B, fresh func(testing.TB) Database) {
	s := crowd(b, fresh, 2000)
	var next atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.User(b.Context(), "acme", fmt.Sprint("u-", next.Add(1)%2000)); err != nil {
				b.Error(err)
			}
		}
	})
	perSecond(b)
}

// BenchmarkStartSession measures durable sign-ins, each with its event.
func BenchmarkStartSession(b *testing.B, fresh func(testing.TB) Database) {
	s := crowd(b, fresh, 200)
	var next atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := session(fmt.Sprint("u-", next.Add(1)%200))
			if err := s.StartSession(b.Context(), n, anyone, directory.Event{}); err != nil {
				b.Error(err)
			}
		}
	})
	perSecond(b)
}

func crowd(b *testing.B, fresh func(testing.TB) Database, size int) *store.Store {
	s := setUp(b, fresh)
	for i := range size {
		must(b, insert(b.Context(), s, person(i)))
	}
	b.ResetTimer()
	return s
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/max(b.Elapsed(), time.Nanosecond).Seconds(), "per_s")
}

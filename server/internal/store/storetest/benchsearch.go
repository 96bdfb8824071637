package storetest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// crowdSize is how many people a directory has in the benchmarks of this file:
// 20,000, or what LANYARD_BENCH_USERS says, for instance 1000000.
func crowdSize(b testing.TB) int {
	text := os.Getenv("LANYARD_BENCH_USERS")
	if text == "" {
		return 20000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		b.Fatalf("LANYARD_BENCH_USERS=%s is no number from 1000", text)
	}
	return n
}

// entry is a person with the size and the eight index entries of one that Entra
// sends.
func entry(n int) directory.User {
	u := person(n)
	u.ID = fmt.Sprintf("%08x-0000-7000-8000-000000000000", n)
	u.Terms = []directory.Term{
		{Path: "emails.value", Value: fmt.Sprintf("ada.%d@acme.example", n)},
		{Path: "displayname", Value: fmt.Sprintf("ada lovelace %d", n)},
		{Path: "name.familyname", Value: fmt.Sprintf("lovelace %d", n%5000)},
		{Path: "name.givenname", Value: fmt.Sprintf("ada %d", n%500)},
		{Path: "title", Value: fmt.Sprintf("countess %d", n%50)},
		{Path: "employeenumber", Value: strconv.Itoa(n)},
		{Path: "department", Value: fmt.Sprintf("dept %d", n%500)},
		{Path: "manager.value", Value: fmt.Sprintf("%08x", n/10)},
	}
	return u
}

// BenchmarkSearch measures a directory of crowdSize people, each figure as a
// sub-benchmark.
func BenchmarkSearch(b *testing.B, fresh func(testing.TB) Database) {
	s := setUp(b, fresh)
	s.Use(store.Rules{Version: 1})
	ctx, size := b.Context(), crowdSize(b)
	began := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < size; n = int(next.Add(1)) - 1 {
				if err := insert(ctx, s, entry(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.Logf("%d people in %v, %.0f/s", size, time.Since(began), float64(size)/time.Since(began).Seconds())

	var members atomic.Int64
	many := make([]directory.Member, min(size, 100000))
	for i := range many {
		many[i] = directory.Member{Kind: directory.UserMember, ID: entry(i).ID}
	}
	began = time.Now()
	must(b, s.InsertResource(ctx, group("large"), many))
	b.Logf("a group of %d in %v", len(many), time.Since(began))

	find := func(q func(n int) store.Search[directory.User], want int) func(context.Context, int) error {
		return func(ctx context.Context, n int) error {
			page, err := s.SearchUsers(ctx, "acme", q(n))
			if err == nil && len(page.Items) < want {
				return fmt.Errorf("found %d, want %d", len(page.Items), want)
			}
			return err
		}
	}
	equal := func(path, format string, mod int) func(n int) store.Search[directory.User] {
		return func(n int) store.Search[directory.User] {
			return store.Search[directory.User]{Where: store.Compare{Path: path, Value: fmt.Sprintf(format, n%mod)}, Count: 100, Total: true}
		}
	}
	deep, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Offset: size / 2, Count: 1})
	must(b, err)
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, n int) error
	}{
		{"create", func(ctx context.Context, n int) error { return insert(ctx, s, entry(size+int(next.Add(1)))) }},
		{"patch", func(ctx context.Context, n int) error {
			u, err := s.User(ctx, "acme", entry(n%size).ID)
			if err != nil {
				return err
			}
			is := u
			is.Terms = entry(n % size).Terms
			is.Terms[4].Value = fmt.Sprint("other ", n)
			is.Modified = u.Modified.Add(time.Second)
			is.Doc = append([]byte(`{"title":"other",`), doc[1:]...)
			err = s.SaveUser(ctx, is, u.Version, directory.Consequence{Events: []directory.Event{{Kind: directory.UserUpdated, User: u.ID, Directory: "acme", At: is.Modified}}})
			return err
		}},
		{"hot", func(ctx context.Context, n int) error {
			_, err := s.UpdateUser(ctx, "acme", entry(1).ID, func(u directory.User) (directory.User, directory.Consequence, error) {
				is := u
				is.Terms = entry(1).Terms
				is.Terms[4].Value = fmt.Sprint("other ", n)
				is.Modified = u.Modified.Add(time.Second)
				return is, directory.Consequence{Events: []directory.Event{{Kind: directory.UserUpdated, User: u.ID, Directory: "acme", At: is.Modified}}}, nil
			})
			return err
		}},
		{"member", func(ctx context.Context, _ int) error {
			n := int(members.Add(1))
			one := []directory.Member{{Kind: directory.UserMember, ID: entry(n / 2 % size).ID}}
			c := store.ResourceChange{Remove: one}
			if n%2 == 1 {
				c = store.ResourceChange{Add: one}
			}
			_, _, err := alter(ctx, s, "large", c)
			return err
		}},
		{"get", func(ctx context.Context, n int) error {
			_, err := s.User(ctx, "acme", entry(n%size).ID)
			return err
		}},
		{"userName", find(equal("username", "ada.%d@acme.example", size), 1)},
		{"externalId", find(equal("externalid", "ext-%d", size), 1)},
		{"email", find(equal("emails.value", "ada.%d@acme.example", size), 1)},
		{"extension", find(equal("employeenumber", "%d", size), 1)},
		{"two", find(func(n int) store.Search[directory.User] {
			return store.Search[directory.User]{Where: store.And{
				store.Compare{Path: "department", Value: fmt.Sprintf("dept %d", n%500)},
				store.Compare{Path: "employeenumber", Value: fmt.Sprint(n % size)},
			}, Count: 100, Total: true}
		}, 1)},
		{"prefix", find(func(n int) store.Search[directory.User] {
			w := store.Compare{Path: "username", Op: store.SW, Value: fmt.Sprintf("ada.%d@", n%size)}
			return store.Search[directory.User]{Where: w, Count: 100, Total: true}
		}, 1)},
		{"list", find(func(int) store.Search[directory.User] { return store.Search[directory.User]{Count: 100, Total: true} }, 100)},
		{"listDeep", find(func(int) store.Search[directory.User] {
			return store.Search[directory.User]{Count: 100, Total: true, After: deep.Next}
		}, 100)},
		{"jump", find(func(int) store.Search[directory.User] {
			return store.Search[directory.User]{Count: 100, Total: true, Offset: size / 2}
		}, 100)},
		{"department", find(equal("department", "dept %d", 500), 1)},
		{"contains", find(func(n int) store.Search[directory.User] {
			w := store.Compare{Path: "displayname", Op: store.CO, Value: fmt.Sprint("lace ", n%size)}
			return store.Search[directory.User]{Where: w, Match: func(u directory.User) (bool, error) { return true, nil }, Count: 100}
		}, 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetParallelism(callers)
			var n atomic.Int64
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := c.do(b.Context(), int(n.Add(7919))); err != nil {
						b.Error(err)
						return
					}
				}
			})
			perSecond(b)
		})
	}
}

// Package roll remembers the people of directories, so that what concerns all of
// them is answered without reading all of them each time: who is outside a
// workspace's domains, and whom an announcement goes to.
package roll

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Person is what is remembered of somebody.
type Person struct {
	ID, UserName, Mail, Name string
	Active, Guest            bool
	Version                  int64
	// Judged is what their domain is judged by, whatever the domains are, and UPN
	// the domain of their user name.
	Judged directory.DomainVerdict
	UPN    string
	// To is the address that mail to them goes to, or empty, and Box the same
	// without case: mail to two people with one goes out once.
	To, Box string
}

// Of is what is remembered of u.
func Of(u directory.User) Person {
	p := directory.ProfileOf(u)
	k := Person{
		ID: u.ID, UserName: u.UserName, Mail: p.Email, Name: p.DisplayName, Active: u.State == directory.Active, Version: u.Version,
		Judged: directory.DomainPolicy{}.Judge(directory.Workspace{}, p.Email, u.UserName), Guest: directory.Guest(u.UserName), UPN: directory.DomainOf(u.UserName),
	}
	address := strings.TrimSpace(p.Email)
	if parsed, err := mail.ParseAddress(address); err == nil && parsed.Address == address {
		k.To, k.Box = address, directory.Fold(address)
	}
	return k
}

// Book is the rolls of the directories that were looked at last. It is safe for
// concurrent use once its fields are set, and must not be copied after.
type Book struct {
	Store *store.Store
	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	mu  sync.Mutex
	all []*listed // the one used last stands first
}

func (b *Book) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

// roll is what is known of the people of one directory. Reading all of them takes
// a while, so who was read before is not read again unless they were changed.
type roll struct {
	mu     sync.Mutex
	seen   time.Time // changes that were committed before it have been read
	people map[string]Person
	sorted []Person // by user name; nil where people changed since
}

type listed struct {
	directory string
	*roll
}

// maxRolls bounds how many directories are remembered.
const maxRolls = 8

func (b *Book) of(dir string) *roll {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.all, func(l *listed) bool { return l.directory == dir })
	l := &listed{dir, &roll{}}
	if i >= 0 {
		l = b.all[i]
		b.all = slices.Delete(b.all, i, i+1)
	}
	b.all = append([]*listed{l}, b.all...)
	b.all = b.all[:min(len(b.all), maxRolls)]
	return l.roll
}

// overlap is how much later a change may be committed than it is dated: it waited,
// or another server's clock is slow.
const overlap = time.Minute

// People returns everybody of a directory who is not archived, by user name, as
// they are now. Nobody may change what it returns.
func (b *Book) People(ctx context.Context, dir string) ([]Person, error) {
	r := b.of(dir)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.people == nil {
		r.people = map[string]Person{}
	}
	began, since := b.now(), r.seen
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	if err := r.read(ctx, b.Store, dir, since); err != nil {
		return nil, err
	}
	// Who was archived is in no list of changes: the number tells.
	c, err := b.Store.CountUsers(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("counting people: %w", err)
	}
	if c.Active+c.Suspended != len(r.people) {
		r.people, r.sorted = map[string]Person{}, nil
		if err := r.read(ctx, b.Store, dir, time.Time{}); err != nil {
			r.people, r.seen = nil, time.Time{}
			return nil, err
		}
	}
	r.seen = began
	if r.sorted == nil {
		r.sorted = make([]Person, 0, len(r.people))
		for _, k := range r.people {
			r.sorted = append(r.sorted, k)
		}
		slices.SortFunc(r.sorted, func(x, y Person) int {
			return strings.Compare(x.UserName+"\x00"+x.ID, y.UserName+"\x00"+y.ID)
		})
	}
	return r.sorted, nil
}

// read takes in who was changed since a time. Some may have been seen before.
func (r *roll) read(ctx context.Context, st *store.Store, dir string, since time.Time) error {
	return st.EachKnown(ctx, dir, since, func(k store.Known) error {
		if was, ok := r.people[k.ID]; ok && was.Version == k.Version {
			return nil
		}
		r.people[k.ID] = Of(directory.User{ID: k.ID, UserName: k.UserName, State: k.State, Version: k.Version, Doc: k.Doc})
		r.sorted = nil
		return nil
	})
}

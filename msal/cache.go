package msal

import (
	"bytes"
	"context"
	"errors"
	"sync"

	msalcache "github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"

	"github.com/lanyard-sso/lanyard/problem"
)

type cacheExportReplace = msalcache.ExportReplace

// store is the sealed cache, together with what the person is to be told
// about it.
type store struct {
	cache Cache

	mu     sync.Mutex
	notice error
}

// load returns what is stored. A cache that could not be read, and so was set
// aside, is an empty one with a notice.
func (s *store) load(ctx context.Context) ([]byte, error) {
	raw, err := s.cache.Load(ctx)
	if s.unreadable(err) {
		return nil, nil
	}
	return raw, err
}

// update changes what is stored, while no other process does. change may be
// called more than once.
func (s *store) update(ctx context.Context, change func(contract) (contract, error)) error {
	once := func() error {
		return s.cache.Update(ctx, func(old []byte) ([]byte, error) {
			c, err := parseContract(old)
			if err != nil {
				return nil, err
			}
			if c, err = change(c); err != nil {
				return nil, err
			}
			return c.bytes()
		})
	}
	err := once()
	switch {
	case s.unreadable(err):
		err = once()
	case errors.Is(err, errNotContract):
		if err = s.setAside(ctx, err); err == nil {
			err = once()
		}
	}
	return err
}

// setAside puts away a cache that was unsealed but cannot be used.
func (s *store) setAside(ctx context.Context, cause error) error {
	var err error
	if c, ok := s.cache.(interface {
		SetAside(context.Context, error) error
	}); ok {
		err = c.SetAside(ctx, cause)
	} else {
		err = s.cache.Delete(ctx)
	}
	if s.unreadable(err) || err == nil {
		s.tell(problem.Wrap(problem.CacheUnreadable, cause))
		return nil
	}
	return err
}

// unreadable reports whether err says that the cache was set aside, and keeps
// it to be told.
func (s *store) unreadable(err error) bool {
	if code, _ := problem.Of(err); code != problem.CacheUnreadable {
		return false
	}
	s.tell(err)
	return true
}

// tell keeps the first notice since the last was taken: it has the details.
func (s *store) tell(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notice == nil {
		s.notice = err
	}
}

// takeNotice returns what is to be told with the next token.
func (s *store) takeNotice() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.notice
	s.notice = nil
	return err
}

// cacheAccessor connects one MSAL client to the store. MSAL's hints are
// ignored: they name partitions that its public client does not have.
type cacheAccessor struct {
	store *store

	// mu is needed since MSAL calls Replace from several goroutines at once.
	mu sync.Mutex
	// base is what MSAL's memory was last set from, nil when it is not known
	// to be the same any more.
	base []byte
}

var emptyCache = []byte("{}")

// Replace implements cache.ExportReplace. When nothing was stored since, MSAL
// already has it.
func (a *cacheAccessor) Replace(ctx context.Context, memory msalcache.Unmarshaler, _ msalcache.ReplaceHints) error {
	raw, err := a.store.load(ctx)
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		raw = emptyCache // MSAL does not take nothing for empty
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.base != nil && bytes.Equal(a.base, raw) {
		return nil
	}
	a.base = nil
	if err := memory.Unmarshal(raw); err != nil {
		// MSAL's text may quote the cache.
		if err := a.store.setAside(ctx, errNotContract); err != nil {
			return err
		}
		raw = emptyCache
		if err := memory.Unmarshal(raw); err != nil {
			return errNotContract
		}
	}
	a.base = raw
	return nil
}

// Export implements cache.ExportReplace. MSAL calls it right after Replace,
// holding its own lock, so base is what memory was before MSAL changed it.
func (a *cacheAccessor) Export(ctx context.Context, memory msalcache.Marshaler, _ msalcache.ExportHints) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, err := memory.Marshal()
	if err != nil {
		return errNotContract
	}
	mine, err := parseContract(raw)
	if err != nil {
		return err
	}
	base, err := parseContract(a.base)
	if err != nil {
		return err
	}
	a.base = nil // whatever comes, memory is to be set anew
	account, refreshing := ctx.Value(refreshKey{}).(string)
	return a.store.update(ctx, func(theirs contract) (contract, error) {
		// MSAL replaced its memory once more after the refresh, so base
		// cannot tell that the person signed out while it was under way.
		if refreshing && !theirs.has(account) {
			return nil, problem.Wrap(problem.SignInAgain, errors.New("signed out meanwhile"))
		}
		return merge(base, mine, theirs), nil
	})
}

// refreshKey carries in a context which account is being refreshed.
type refreshKey struct{}

// pendingCache catches what a sign-in would store, so that it can be checked
// before anything is kept. MSAL's memory is emptied before and after.
type pendingCache struct{}

type pendingKey struct{}

// pending is the catch of one sign-in, carried in its context.
type pending struct{ caught contract }

func withPending(ctx context.Context) (context.Context, *pending) {
	p := &pending{}
	return context.WithValue(ctx, pendingKey{}, p), p
}

// Replace implements cache.ExportReplace.
func (pendingCache) Replace(_ context.Context, memory msalcache.Unmarshaler, _ msalcache.ReplaceHints) error {
	return memory.Unmarshal(emptyCache)
}

// Export implements cache.ExportReplace.
func (pendingCache) Export(ctx context.Context, memory msalcache.Marshaler, _ msalcache.ExportHints) error {
	p, ok := ctx.Value(pendingKey{}).(*pending)
	if !ok {
		return errors.New("a token came outside a sign-in")
	}
	raw, err := memory.Marshal()
	if err != nil {
		return errNotContract
	}
	if p.caught, err = parseContract(raw); err != nil {
		return err
	}
	if m, ok := memory.(msalcache.Unmarshaler); ok {
		return m.Unmarshal(emptyCache)
	}
	return nil
}

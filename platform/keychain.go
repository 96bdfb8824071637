package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// keychainLimit is how long a keychain may take. Someone may have to type
	// a password into a window it opens; but it may also wait for ever for a
	// window that nobody sees.
	keychainLimit = 30 * time.Second
	// keychainUser is the account name of our only item.
	keychainUser = "data key"
)

// errNoItem is what a secretStore returns when there is no item.
var errNoItem = errors.New("no such item")

// secretStore is an operating system's keychain. Its calls block, sometimes
// for ever. Errors other than errNoItem carry a problem code.
type secretStore interface {
	available() error
	get(service, user string) (string, error)
	set(service, user, secret string) error
	remove(service, user string) error
}

// Keychain keeps the key in the keychain of the operating system: Secret
// Service on Linux and BSD, Keychain on macOS and iOS, Credential Manager on
// Windows, a key of the Android Keystore on Android.
// app names the item; use one name per data folder.
//
// Calls end with ctx or after half a minute, whichever is first, and fail with
// problem.NoKeychain, problem.KeychainLocked or problem.KeychainTimeout. They
// may open a window that asks for a password, so never call them from a UI
// goroutine.
func Keychain(app string) sealed.KeyStore {
	return &keychain{app: app, store: systemKeychain{}, limit: keychainLimit, busy: make(chan struct{}, 1)}
}

// ProbeKeychain reports whether there is a keychain that answers, by looking
// for an item that does not exist. The error is as for [Keychain].
func ProbeKeychain(ctx context.Context) error {
	_, err := Keychain("lanyard probe").Load(ctx)
	if errors.Is(err, sealed.ErrNoKey) {
		return nil
	}
	return err
}

type keychain struct {
	app   string
	store secretStore
	limit time.Duration
	// busy lets one call at a time through. A call that hangs keeps it, so
	// that hanging calls do not pile up.
	busy chan struct{}
}

func (k *keychain) Load(ctx context.Context) (sealed.Key, error) {
	text, err := k.call(ctx, func() (string, error) { return k.store.get(k.app, keychainUser) })
	if errors.Is(err, errNoItem) {
		return sealed.Key{}, sealed.ErrNoKey
	}
	if err != nil {
		return sealed.Key{}, err
	}
	key, err := sealed.ParseKey(text)
	if err != nil { // someone else's item, or a damaged one: as good as none
		return sealed.Key{}, fmt.Errorf("%w: the keychain's item is %w", sealed.ErrNoKey, err)
	}
	return key, nil
}

func (k *keychain) Create(ctx context.Context) (sealed.Key, error) {
	key := sealed.NewKey()
	_, err := k.call(ctx, func() (string, error) { return "", k.store.set(k.app, keychainUser, key.Text()) })
	if err != nil {
		return sealed.Key{}, err
	}
	// Some keychains report success and keep nothing; and another process,
	// with another data folder, may have been first. What is kept now counts.
	kept, err := k.Load(ctx)
	if errors.Is(err, sealed.ErrNoKey) {
		return sealed.Key{}, problem.Wrap(problem.NoKeychain, errors.New("the keychain did not keep the key"))
	}
	return kept, err
}

func (k *keychain) Delete(ctx context.Context) error {
	_, err := k.call(ctx, func() (string, error) { return "", k.store.remove(k.app, keychainUser) })
	if errors.Is(err, errNoItem) {
		return nil
	}
	return err
}

// call runs do in a goroutine of its own, since nothing can interrupt it.
func (k *keychain) call(ctx context.Context, do func() (string, error)) (string, error) {
	if err := k.store.available(); err != nil {
		return "", err
	}
	limit, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	select {
	case k.busy <- struct{}{}:
	case <-limit.Done():
		return "", k.late(ctx)
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := do()
		<-k.busy
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-limit.Done():
		return "", k.late(ctx)
	}
}

// late tells a caller who gave up from a keychain that did not answer.
func (k *keychain) late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return problem.Wrap(problem.KeychainTimeout, errors.New("no answer from the keychain"))
}

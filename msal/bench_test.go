package msal

import (
	"fmt"
	"testing"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
)

// tenAccounts signs ten people in and returns one request and the token.
func tenAccounts(b *testing.B) (*desk, auth.Request) {
	b.Helper()
	d := newDesk(b)
	p := d.provider()
	var last auth.Token
	for i := range 10 {
		d.user, d.browser = d.addUser(b, fmt.Sprintf("Person%d", i), "Tester"), d.entra.Browser()
		last = d.signIn(b, p)
	}
	if n := len(d.contents(b)[sectionAccounts]); n != 10 {
		b.Fatalf("%d accounts", n)
	}
	d.entra.Close() // none of it may need the network
	return d, d.request(d.of(last.Account))
}

// BenchmarkSilentMemory: the app asks for a token again and again. Less than
// 1 ms is promised.
func BenchmarkSilentMemory(b *testing.B) {
	d, r := tenAccounts(b)
	p := d.provider()
	if _, err := p.Silent(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Silent(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSilentDisk10Accounts: the app was just started. Less than 10 ms is
// promised.
func BenchmarkSilentDisk10Accounts(b *testing.B) {
	d, r := tenAccounts(b)
	for b.Loop() {
		if _, err := d.provider().Silent(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInteractive: a person with a session at Microsoft signs in. What
// entratest and the played browser take is part of it.
func BenchmarkInteractive(b *testing.B) {
	d := newDesk(b)
	p := d.provider()
	d.signIn(b, p)
	for b.Loop() {
		d.signIn(b, p)
	}
}

// BenchmarkInteractiveMemoryOnly leaves out the disk.
func BenchmarkInteractiveMemoryOnly(b *testing.B) {
	d := newDesk(b)
	v, err := platform.OpenVault(platform.VaultConfig{Keys: platform.MemoryKey()})
	if err != nil {
		b.Fatal(err)
	}
	p := d.provider(func(c *Config) { c.Cache = v.File("msal") })
	d.signIn(b, p)
	for b.Loop() {
		d.signIn(b, p)
	}
}

package modules

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var start = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// bench is a keeper on a database with the workspaces acme and beta.
type bench struct {
	*testing.T
	*Keeper
	ctx context.Context
}

// each runs a test on both engines.
func each(t *testing.T, test func(*bench)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { one(t, test) })
	t.Run("postgres", func(t *testing.T) {
		st, err := postgres.Open(t.Context(), pgschema.URL(t))
		on(t, st, err, test)
	})
}

// one runs a test on SQLite: what it is about is the same on every engine.
func one(t *testing.T, test func(*bench)) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	on(t, st, err, test)
}

func on(t *testing.T, st *store.Store, err error, test func(*bench)) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b := &bench{t, &Keeper{Store: st, Now: func() time.Time { return start }}, t.Context()}
	for _, id := range []string{"acme", "beta"} {
		b.must(st.CreateWorkspace(b.ctx, directory.Workspace{ID: id, Name: id, DefaultRole: "member", Created: start, Modified: start}))
	}
	test(b)
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) wants(err error, code problem.Code) {
	b.Helper()
	if !errors.Is(err, problem.New(code)) {
		b.Errorf("got %v, want %s", err, code)
	}
}

func (b *bench) workspace(id string) directory.Workspace {
	b.Helper()
	ws, err := b.Store.Workspace(b.ctx, id)
	b.must(err)
	return ws
}

// person puts somebody into the directory of a workspace.
func (b *bench) person(workspace string, n int) string {
	b.Helper()
	id := fmt.Sprintf("%s-%d", workspace, n)
	at := start.Add(time.Duration(n) * time.Second)
	b.must(b.Store.InsertUser(b.ctx, directory.User{
		ID: id, Directory: b.workspace(workspace).Directory, UserName: id + "@acme.example", State: directory.Active, Created: at, Modified: at,
		Doc: fmt.Appendf(nil, `{"userName":%q,"displayName":"Person %d","emails":[{"value":"p%d@acme.example"}]}`, id+"@acme.example", n, n),
	}))
	return id
}

// certificate is one that ends at a time.
func certificate(t *testing.T, ends time.Time) directory.SAMLCertificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: ends.Add(-time.Hour * 24 * 365), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return directory.SAMLCertificate{DER: der, Source: "pasted", Added: start}
}

// connected is a complete connection.
func connected(t *testing.T, ends time.Time) directory.SAML {
	t.Helper()
	return directory.SAML{
		Version: 1, IdP: directory.SAMLIdP{EntityID: "https://idp.example", SSORedirect: "https://idp.example/saml"},
		Certificates: []directory.SAMLCertificate{certificate(t, ends)},
	}
}

package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// req: H5
func TestServer_itSignsInWhomSCIMCreated(t *testing.T) {
	for engine := range engines {
		t.Run("it does on "+engine, func(t *testing.T) {
			w := newWorld(t, engine)
			r := w.serve(w.store)
			ctx := context.Background()
			if _, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada)); codeOf(err) != problem.NotAdmitted {
				t.Fatalf("before Entra created her: %v", err)
			}
			id := w.provision(r, w.ada)
			s := w.mustSignIn(r)
			if s.Me.ID != id || s.Me.DisplayName != "Ada Lovelace" || s.Me.Department != "Engines" || s.Me.UserName != w.ada.UserPrincipalName {
				t.Errorf("me: %+v", s.Me)
			}
			if me, err := r.client.Me(ctx, s.Token); err != nil || me != s.Me {
				t.Errorf("Me: %+v, %v", me, err)
			}
			w.setActive(r, id, false)
			if _, err := r.client.Me(ctx, s.Token); codeOf(err) != problem.SessionGone {
				t.Errorf("after the disable: %v", err)
			}
			if _, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada)); codeOf(err) != problem.AccessEnded {
				t.Errorf("signing in disabled: %v", err)
			}
			w.setActive(r, id, true)
			s = w.mustSignIn(r)
			if err := r.client.EndSession(ctx, s.Token, true); err != nil {
				t.Error(err)
			}
			if _, err := r.client.Me(ctx, s.Token); codeOf(err) != problem.SessionGone {
				t.Errorf("after signing out: %v", err)
			}
			w.scimCall(r, http.MethodDelete, "/Users/"+id, "")
			if _, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada)); codeOf(err) != problem.AccessEnded {
				t.Errorf("signing in deleted: %v", err)
			}
		})
	}
}

func codeOf(err error) problem.Code {
	code, _ := problem.Of(err)
	return code
}

// forgeryCodes says which check must refuse each forgery, as the log has it.
var forgeryCodes = map[entratest.Forgery]problem.Code{
	entratest.AlgNone: problem.TokenAlgorithm, entratest.AlgNoneMixedCase: problem.TokenAlgorithm,
	entratest.AlgEmpty: problem.TokenAlgorithm, entratest.HS256PublicPEM: problem.TokenAlgorithm,
	entratest.HS256Certificate: problem.TokenAlgorithm, entratest.HS512PublicDER: problem.TokenAlgorithm,
	entratest.AlgRS512: problem.TokenAlgorithm,
	entratest.OtherKey: problem.TokenSignature, entratest.OtherKeyNoKid: problem.TokenKey,
	entratest.UnknownKid: problem.TokenKey, entratest.NoKid: problem.TokenKey, entratest.EmptyKid: problem.TokenKey,
	entratest.KidNotText: problem.TokenMalformed, entratest.EmbeddedJWK: problem.TokenKey, entratest.JKU: problem.TokenKey,
	entratest.CritUnknown: problem.TokenMalformed, entratest.BadSignature: problem.TokenSignature,
	entratest.CutSignature: problem.TokenSignature, entratest.ChangedClaims: problem.TokenSignature,
	entratest.WrongTyp: problem.TokenMalformed, entratest.TwoParts: problem.TokenMalformed,
	entratest.FourParts: problem.TokenMalformed, entratest.PaddedBase64: problem.TokenMalformed,
	entratest.NotJSON: problem.TokenMalformed, entratest.DoubleClaim: problem.TokenMalformed,
	entratest.IDTokenInstead: problem.TokenIsIDToken, entratest.V1Token: problem.TokenVersion,
	entratest.OtherTenant: problem.TokenIssuer, entratest.OtherIssuer: problem.TokenIssuer,
	entratest.IssuerSlash: problem.TokenIssuer, entratest.OtherAudience: problem.TokenAudience,
	entratest.OtherClient: problem.TokenClient, entratest.NoScope: problem.TokenScope,
	entratest.OtherScope: problem.TokenScope, entratest.ScopePrefix: problem.TokenScope,
	entratest.Expired: problem.TokenExpired, entratest.NotYetValid: problem.TokenNotYet,
	entratest.NoExpiry: problem.TokenMalformed, entratest.NoObjectID: problem.TokenNoObject,
	entratest.AudienceList: problem.TokenAudience,
}

func TestServer_itRefusesEveryForgeryInOneSentence(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	w.provision(r, w.ada)
	w.mustSignIn(r)
	if len(entratest.Forgeries()) < 25 {
		t.Fatalf("only %d forgeries", len(entratest.Forgeries()))
	}
	for _, f := range entratest.Forgeries() {
		t.Run("it refuses "+string(f), func(t *testing.T) {
			w.log.Reset()
			token := w.tenant.Forge(f, w.app, w.ada)
			_, err := w.signIn(r, token)
			if codeOf(err) != problem.TokenRefused {
				t.Fatalf("outside: %v", err)
			}
			want, known := forgeryCodes[f]
			if !known {
				t.Fatalf("no code is expected for this forgery")
			}
			line := fmt.Sprintf("code=%s", want)
			if log := w.log.String(); !strings.Contains(log, line) || !strings.Contains(log, "correlation_id="+api.CorrelationID(err)) {
				t.Errorf("the log lacks %s: %s", line, log)
			}
			for _, part := range strings.Split(token, ".") {
				if len(part) > 20 && strings.Contains(w.log.String(), part) {
					t.Error("the log holds a part of the token")
				}
			}
		})
	}
	w.mustSignIn(r)
}

func TestServer_itFollowsAKeyRollover(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	w.provision(r, w.ada)
	w.mustSignIn(r)
	w.entra.RotateKeys()
	w.mustSignIn(r)
	w.entra.FailNext(entratest.MatchPath("/keys"), entratest.Failure{Status: 503, Times: 100})
	w.entra.FailNext(entratest.MatchPath("/openid-configuration"), entratest.Failure{Status: 503, Times: 100})
	w.mustSignIn(r)
}

func TestServer_itSignsInManyAtOnce(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	w.provision(r, w.ada)
	token := w.tenant.AccessToken(w.app, w.ada)
	var wg sync.WaitGroup
	seen := sync.Map{}
	for range 30 {
		wg.Go(func() {
			s, err := w.signIn(r, token)
			if err != nil {
				t.Error(err)
				return
			}
			if _, twice := seen.LoadOrStore(s.Token, true); twice {
				t.Error("a session token came twice")
			}
		})
	}
	wg.Wait()
}

// req: E7
func TestServer_itTellsClientsOfEveryReplicaWithinTwoSeconds(t *testing.T) {
	for engine := range engines {
		t.Run("it does on "+engine, func(t *testing.T) {
			w := newWorld(t, engine)
			first, second := w.serve(w.store), w.serve(w.open())
			id := w.provision(first, w.ada)
			var took []time.Duration
			for range 5 {
				s := w.mustSignIn(second)
				ctx, cancel := context.WithCancel(context.Background())
				ready, ended := make(chan struct{}), make(chan time.Time, 1)
				done := make(chan error, 1)
				go func() {
					done <- second.client.Events(ctx, s.Token, func(e api.Event) error {
						switch e.Type {
						case api.EventReady:
							close(ready)
						case api.EventAccessEnded:
							ended <- time.Now()
						}
						return nil
					})
				}()
				select {
				case <-ready:
				case err := <-done:
					t.Fatalf("the stream ended: %v", err)
				}
				begin := time.Now()
				w.setActive(first, id, false)
				select {
				case at := <-ended:
					took = append(took, at.Sub(begin))
				case <-time.After(10 * time.Second):
					t.Fatal("no event came")
				}
				if err := <-done; err != nil {
					t.Errorf("the stream ended with %v", err)
				}
				cancel()
				if _, err := second.client.Me(context.Background(), s.Token); codeOf(err) != problem.SessionGone {
					t.Errorf("the session at the second replica: %v", err)
				}
				w.setActive(first, id, true)
			}
			for _, d := range took {
				if d > 2*time.Second {
					t.Errorf("it took %s", d)
				}
			}
			t.Logf("from the SCIM request to the event at the other replica: %v", took)
		})
	}
}

func TestServer_itKeepsAStreamOpenBeyondTheServersTimeouts(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	id := w.provision(r, w.ada)
	s := w.mustSignIn(r)
	w.patience = time.Second
	hasty := w.serve(w.store, func(c *Config) { c.ping = 300 * time.Millisecond })
	begin := time.Now()
	var last api.EventType
	err := hasty.client.Events(context.Background(), s.Token, func(e api.Event) error {
		if last = e.Type; last == api.EventReady {
			after := time.AfterFunc(2500*time.Millisecond, func() { w.setActive(r, id, false) })
			t.Cleanup(func() { after.Stop() })
		}
		return nil
	})
	if err != nil || last != api.EventAccessEnded {
		t.Errorf("after %s: %v, last event %q", time.Since(begin), err, last)
	}
}

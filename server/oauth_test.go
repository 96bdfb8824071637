package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: D3
func TestServer_itProvisionsWithAnAccessToken(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			r := w.serve(w.open())
			secret, now := scim.NewToken(), time.Now()
			err := w.store.CreateClient(t.Context(), store.Client{ID: "entra", Workspace: "acme", TokenLife: time.Hour, Created: now},
				store.Secret{ID: "s", Hash: secret.Hash(), Created: now, Expires: now.Add(48 * time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"entra"}, "client_secret": {secret.Reveal()}}
			res, err := http.PostForm(r.URL+"/scim/v2/acme/oauth/token", form)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var got struct {
				Token string `json:"access_token"`
			}
			if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != 200 {
				t.Fatalf("%d: %v", res.StatusCode, err)
			}
			ask := func() int {
				t.Helper()
				req, err := http.NewRequest("GET", r.URL+"/scim/v2/acme/Users?count=1", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+got.Token)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				return res.StatusCode
			}
			if status := ask(); status != 200 {
				t.Errorf("with the access token: %d", status)
			}
			if err := w.store.RevokeSecret(t.Context(), "acme", "s", now); err != nil {
				t.Fatal(err)
			}
			if status := ask(); status != 401 {
				t.Errorf("after its secret was revoked: %d", status)
			}
			if log := w.log.String(); strings.Contains(log, got.Token) || strings.Contains(log, secret.Reveal()) {
				t.Error("the log holds a secret")
			}
		})
	}
}

// req: D1
func TestServer_itWarnsOfCredentialsThatExpire(t *testing.T) {
	w := newWorld(t, "sqlite")
	now := time.Now()
	for i, days := range []int{3, 20, 50, 90, -1} {
		err := w.store.CreateToken(t.Context(), store.Token{
			ID: fmt.Sprint("in", days), Workspace: "acme", Hash: fmt.Sprint("hash", i), Created: now, Expires: now.Add(time.Duration(days)*24*time.Hour + time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.serve(w.store).server.lookForExpiry(context.Background()); err != nil {
		t.Fatal(err)
	}
	log := w.log.String()
	for id, level := range map[string]string{"in3": "ERROR", "in20": "WARN", "in50": "INFO"} {
		if !strings.Contains(log, "level="+level+` msg="a credential of provisioning expires soon" workspace=acme kind=token id=`+id+" ") {
			t.Errorf("no warning of %s", id)
		}
	}
	if strings.Contains(log, "id=in90 ") || strings.Contains(log, "id=in-1 ") {
		t.Error("it warns of what is far away or over")
	}
}

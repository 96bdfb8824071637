package deliver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

var key = []byte(strings.Repeat("k", deliver.MinWebhookKey))

// The vector of the Standard Webhooks specification.
func TestSign_itSignsAsTheStandardDoes(t *testing.T) {
	got, err := deliver.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, secret := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"} {
		if _, err := deliver.Sign(secret, "id", time.Unix(0, 0), nil); err == nil {
			t.Errorf("it signed with %q", secret)
		}
	}
}

func TestCheckTarget_itKeepsWebhooksOnThePublicInternet(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.example/lanyard?x=1":    true,
		"https://93.184.216.34/":               true,
		"https://[2606:2800:220:1::1]/":        true,
		"http://hooks.example/":                false,
		"ftp://hooks.example/":                 false,
		"https://user:pass@hooks.example/":     false,
		"https://":                             false,
		"/hooks":                               false,
		"https://127.0.0.1/":                   false,
		"https://10.0.0.1/":                    false,
		"https://172.16.0.1/":                  false,
		"https://192.168.1.1/":                 false,
		"https://169.254.169.254/metadata":     false,
		"https://100.64.0.1/":                  false,
		"https://0.0.0.0/":                     false,
		"https://255.255.255.255/":             false,
		"https://224.0.0.1/":                   false,
		"https://[::1]/":                       false,
		"https://[::ffff:127.0.0.1]/":          false,
		"https://[fd00::1]/":                   false,
		"https://[fe80::1]/":                   false,
		"https://[64:ff9b::a9fe:a9fe]/":        false,
		"https://[2002:a9fe:a9fe::]/":          false,
		"https://[::a9fe:a9fe]/":               false,
		"https://" + strings.Repeat("a", 3000): false,
	} {
		if err := deliver.CheckTarget(address, false); (err == nil) != want {
			t.Errorf("%.60s: %v", address, err)
		}
	}
	for address, want := range map[string]bool{"http://127.0.0.1:9/": true, "http://localhost/": true, "http://hooks.example/": false, "https://10.0.0.1/": false} {
		if err := deliver.CheckTarget(address, true); (err == nil) != want {
			t.Errorf("%s beside a server on loopback: %v", address, err)
		}
	}
}

func TestWebhookClient_itAsksWhereANameLeads(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer s.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := deliver.NewWebhookClient(false).Get(strings.Replace(s.URL, "127.0.0.1", host, 1)); err == nil || !strings.Contains(err.Error(), "not an address of the public internet") {
			t.Errorf("%s: %v", host, err)
		}
	}
	moved := httptest.NewServer(http.RedirectHandler(s.URL, http.StatusFound))
	defer moved.Close()
	res, err := deliver.NewWebhookClient(true).Get(moved.URL)
	if err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("a redirect: %v, %v", res, err)
	}
	res.Body.Close()
}

func TestWebhooks_itSendsNothingWithAnotherKeyOrToWithin(t *testing.T) {
	s, _ := newStore(t)
	w := hook(t, s, "https://10.0.0.1/")
	send := func(k []byte) error {
		return deliver.Sender{Key: k, Client: deliver.NewWebhookClient(false), Now: time.Now}.Send(t.Context(), w, directory.Event{Seq: 1, Kind: directory.UserCreated})
	}
	if err := send([]byte(strings.Repeat("x", 32))); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: %v", err)
	}
	if err := send(key); err == nil || !strings.Contains(err.Error(), "public internet") {
		t.Errorf("a private address: %v", err)
	}
}

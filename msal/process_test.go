package msal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// The test binary runs itself as other processes: job names what to do.
const jobEnv = "LANYARD_MSAL_TEST_JOB"

func TestMain(m *testing.M) {
	jobs := map[string]func() error{"sign in": signInJob, "keyring": keyringJob, "locked keyring": lockedKeyringJob}
	if job := jobs[os.Getenv(jobEnv)]; job != nil {
		if err := job(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const specEnv = "LANYARD_MSAL_TEST_SPEC"

// signInJob signs so many people in, one after the other. It has nothing of
// the test's but the settings of its environment, HTTPS_PROXY and
// SSL_CERT_FILE: this is the path of the app. The addresses for the browser
// go to stdout.
func signInJob() error {
	var spec struct {
		Dir                                  string
		Authority, TenantID, ClientID, Scope string
		Times                                int
	}
	if err := json.Unmarshal([]byte(os.Getenv(specEnv)), &spec); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	p := New(Config{
		Cache:  sealed.Open(spec.Dir, "msal", platform.KeyFile(filepath.Join(spec.Dir, "key"))),
		Return: platform.Loopback,
		OpenURL: func(_ context.Context, address string) error {
			_, err := fmt.Println(address)
			return err
		},
	})
	for range spec.Times {
		token, err := p.SignIn(ctx, auth.Request{
			Authority: spec.Authority, TenantID: spec.TenantID, ClientID: spec.ClientID, Scope: spec.Scope,
		})
		if err != nil {
			return err
		}
		if token.Notice != nil {
			return fmt.Errorf("notice: %w", token.Notice)
		}
	}
	return nil
}

// req: G7
func TestSignIn_twoProcessesSigningInTwentyAccountsLoseNone(t *testing.T) {
	d := newDesk(t)
	ca, err := d.entra.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const each = 10
	spec, err := json.Marshal(map[string]any{
		"Dir": d.dir, "Times": each,
		"Authority": d.tenant.Authority(), "TenantID": d.tenant.ID, "ClientID": d.app.ClientID,
		"Scope": d.app.ScopeName("access_as_user"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 2 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(),
			jobEnv+"=sign in", specEnv+"="+string(spec),
			"HTTPS_PROXY="+d.entra.ProxyURL(), "https_proxy="+d.entra.ProxyURL(), "SSL_CERT_FILE="+ca)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			lines := bufio.NewScanner(out)
			for n := 0; lines.Scan(); n++ {
				u := d.addUser(t, fmt.Sprintf("P%dN%d", i, n), "Tester")
				if _, err := d.entra.Browser().SignIn(t.Context(), lines.Text(), u); err != nil {
					t.Errorf("process %d, sign-in %d: %v", i, n, err)
				}
			}
			if err := c.Wait(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	c := d.contents(t)
	for _, section := range []string{"Account", "AccessToken", "RefreshToken", "IdToken"} {
		if n := len(c[section]); n != 2*each {
			t.Errorf("%d rows in %s, want %d", n, section, 2*each)
		}
	}
	if aside, _ := filepath.Glob(filepath.Join(d.dir, "*.corrupt-*")); len(aside) != 0 {
		t.Errorf("set aside: %v", aside)
	}
	// A third process can use every one of them.
	p := d.provider()
	for _, raw := range c[sectionAccounts] {
		if _, err := p.Silent(t.Context(), d.request(d.of(homeAccount(raw)))); err != nil {
			t.Errorf("%s: %v", homeAccount(raw), err)
		}
	}
}

func TestSilent_aRefreshDoesNotBringBackWhoSignedOutMeanwhile(t *testing.T) {
	d := newDesk(t)
	p, other := d.provider(), d.provider()
	ada := d.signIn(t, p)
	r := d.request(d.of(ada.Account), func(r *auth.Request) { r.ForceRefresh = true })
	// The other process signs the account out after this one has read the
	// cache and before it writes: in between is the token request.
	signedOut := make(chan error, 1)
	hc := *d.entra.HTTPClient()
	hc.Transport = after{hc.Transport, func() { signedOut <- other.SignOut(context.Background(), r) }}
	p = d.provider(func(c *Config) { c.HTTPClient = &hc })
	_, err := p.Silent(t.Context(), r)
	wantCode(t, err, problem.SignInAgain)
	if err := <-signedOut; err != nil {
		t.Fatal(err)
	}
	d.empty(t)
	if _, err := p.Silent(t.Context(), d.request(d.of(ada.Account))); err == nil {
		t.Error("the account is back")
	}
}

// after is a transport that does something once a token request was answered.
type after struct {
	next http.RoundTripper
	do   func()
}

func (a after) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if strings.HasSuffix(r.URL.Path, "/token") {
		a.do()
	}
	return resp, err
}

// grep returns the files below dir that hold one of the secrets.
func grep(dir string, secrets ...string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // the keyring daemon's temporary file
		}
		for _, s := range secrets {
			if s != "" && strings.Contains(string(raw), s) {
				found = append(found, path)
			}
		}
		return err
	})
	return found, err
}

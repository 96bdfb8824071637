package samlsso_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
)

// Whoever came by a setup link sends a change while an administrator enables what
// they set up: what people use by then stays as it was tested.
func TestWizard_aSetupLinkLosesAgainstWhoEnablesMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.As(console.Principal{ID: "link-1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleSAML}})
	w.connect()
	w.jit()
	w.try()
	before, clock := w.conn(), w.desk.Now
	enabled := false
	w.desk.Now = func() time.Time {
		w.desk.Now = clock
		_, err := w.desk.Enable(t.Context(), "acme", enforce.Enabling{Who: consoletest.Owner().Email, Typed: "acme"})
		w.must(err)
		enabled = true
		return clock()
	}
	w.code(w.JSON(http.MethodPost, at+"/settings", map[string]any{"type": "generic", "idp_initiated": "accept", "request_binding": "post", "skew": "3m"}), problem.SSOLive)
	if is := w.conn(); !enabled || is.Disabled || is.ConfigHash() != before.ConfigHash() {
		t.Errorf("enabled %v, and what is there was tested %v", enabled, is.TestedNow())
	}
}

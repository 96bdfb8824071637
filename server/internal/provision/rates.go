package provision

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// maxRates is for how many workspaces with a limit it is remembered how many
// requests they made. More begin anew, which lets some through.
const maxRates = 10_000

// rates counts the requests of workspaces that have a limit (row E14). It is
// each server's own. The zero value is ready.
type rates struct {
	mu  sync.Mutex
	all map[string]*rate.Limiter
}

// take refuses a request above the workspace's limit. Two seconds' worth may
// come at once.
func (r *rates) take(ws directory.Workspace, now time.Time) error {
	if ws.SCIMRate <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.all[ws.ID]
	if l == nil || l.Limit() != rate.Limit(ws.SCIMRate) {
		if r.all == nil || len(r.all) >= maxRates {
			r.all = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(ws.SCIMRate), 2*ws.SCIMRate)
		r.all[ws.ID] = l
	}
	if l.AllowN(now, 1) {
		return nil
	}
	return &later{seconds: 1, cause: &scim.Error{
		Status: http.StatusTooManyRequests,
		Detail: fmt.Sprintf("This workspace takes %d provisioning requests a second. Entra tries again by itself; whoever runs Lanyard sets another limit with: lanyardd workspace set %s --scim-rate N.", ws.SCIMRate, ws.ID),
	}}
}

// later is a refusal that says when to come back.
type later struct {
	seconds int
	cause   error
}

func (l *later) Error() string { return l.cause.Error() }
func (l *later) Unwrap() error { return l.cause }

// retryAfter is when to ask again after a 429, in seconds: by default when
// somebody may have let held removals pass.
func retryAfter(err error) int {
	var l *later
	if errors.As(err, &l) {
		return l.seconds
	}
	if code, _ := problem.Of(err); code == problem.TooMany {
		return 30
	}
	return 1800
}

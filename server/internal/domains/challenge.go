package domains

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"time"
	"unicode"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Resolver asks DNS for TXT records. A *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

const (
	// lookTime is how long DNS may take to answer, and slipTime how long where only
	// the usual slips are looked for.
	lookTime = 6 * time.Second
	slipTime = 2 * time.Second
)

// challengePrefix begins the value of a record, so that whoever finds it in their
// zone years later knows what it is.
const challengePrefix = "lanyard-domain-verification="

func newChallenge() string { return challengePrefix + strings.ToLower(rand.Text()) }

// look asks DNS whether a claim's record is there. The error is a problem: one of
// those from problem.DomainNoRecord to problem.DomainMisplaced.
func (f *Flow) look(ctx context.Context, c directory.DomainClaim) error {
	found, err := f.txt(ctx, c.Record(), lookTime)
	switch {
	case err == nil && holds(found, c.Challenge):
		return nil
	case err == nil && len(found) == 1:
		return problem.Detailf(problem.DomainWrongRecord, "It holds %.120q.", shownText(found[0]))
	case err == nil && len(found) > 1:
		return problem.Detailf(problem.DomainManyRecords, "There are %d.", len(found))
	case err != nil && !absent(err):
		return resolving(err)
	}
	// The usual slips: the provider adds the domain once more, or the record was
	// made for the domain itself.
	for _, name := range []string{c.Record() + "." + c.Domain, c.Domain} {
		if found, err := f.txt(ctx, name, slipTime); err == nil && holds(found, c.Challenge) {
			return problem.Detailf(problem.DomainMisplaced, "It stands at %s, and should at %s.", name, c.Record())
		}
	}
	return problem.Detailf(problem.DomainNoRecord, "It is looked for at %s.", c.Record())
}

// txt asks for the records of a name, which is complete: no search domain is
// tried after it.
func (f *Flow) txt(ctx context.Context, name string, most time.Duration) ([]string, error) {
	r := f.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return r.LookupTXT(ctx, name+".")
}

// holds reports whether one of the records has the value. Some providers store the
// quotation marks that they show.
func holds(found []string, want string) bool {
	for _, v := range found {
		if want != "" && strings.Trim(strings.TrimSpace(v), `"`) == want {
			return true
		}
	}
	return false
}

// absent reports whether DNS said that there is no such record: NXDOMAIN, or a name
// without any TXT.
func absent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// resolving says why DNS gave no answer. SERVFAIL is what a resolver answers that
// does not believe the signatures (RFC 4035, section 5.5); Go calls it a temporary
// misbehaviour.
func resolving(err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &dns) && dns.IsTimeout:
		return problem.Wrap(problem.DomainTimeout, err)
	case errors.As(err, &dns) && (dns.IsTemporary || strings.Contains(dns.Err, "misbehaving")):
		return problem.Wrap(problem.DomainServFail, err)
	}
	return problem.Wrap(problem.DomainUnreachable, err)
}

// shownText is what a stranger put into DNS, fit to be shown.
func shownText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

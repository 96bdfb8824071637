package domains

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Document is a domain in JSON, for commands and pages.
type Document struct {
	Domain string `json:"domain"`
	// Shown is the domain in its own letters, where it is international.
	Shown    string                `json:"shown"`
	Verified bool                  `json:"verified"`
	Proof    directory.DomainProof `json:"proof"`
	Reason   string                `json:"reason,omitempty"`
	// Record is what to add in DNS: nil where no record is asked for.
	Record     *Record    `json:"record"`
	AddedBy    string     `json:"added_by"`
	Added      *time.Time `json:"added"`
	VerifiedBy string     `json:"verified_by,omitempty"`
	VerifiedAt *time.Time `json:"verified_at"`
	CheckedAt  *time.Time `json:"checked_at"`
	NextCheck  *time.Time `json:"next_check"`
	// Outcome is what the last look came to, where that was not good.
	Outcome *Outcome `json:"outcome"`
}

// Record is a DNS record to add.
type Record struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
	// Host is what is typed as its name where a provider adds the rest.
	Host string `json:"host"`
}

// Outcome is a problem in JSON.
type Outcome struct {
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail,omitempty"`
	Next     string       `json:"next"`
}

// Documents are domains in JSON.
func Documents(claims []directory.DomainClaim) []Document {
	all := []Document{}
	for _, c := range claims {
		all = append(all, DocumentOf(c))
	}
	return all
}

// DocumentOf is a domain in JSON.
func DocumentOf(c directory.DomainClaim) Document {
	d := Document{
		Domain: c.Domain, Shown: Shown(c.Domain), Verified: c.Proven(), Proof: c.Proof, Reason: c.Reason,
		AddedBy: c.Who, Added: when(c.Created), VerifiedBy: c.VerifiedBy, VerifiedAt: when(c.Verified), CheckedAt: when(c.Checked), NextCheck: when(c.Next),
	}
	if !c.Proven() {
		d.Record = &Record{Type: "TXT", Name: c.Record(), Value: c.Challenge, Host: directory.ChallengeLabel}
	}
	if c.Outcome != "" {
		code := problem.Code(c.Outcome)
		text := problem.Lookup(code)
		d.Outcome = &Outcome{Code: code, Sentence: text.Sentence, Detail: c.Detail, Next: text.Next}
	}
	return d
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

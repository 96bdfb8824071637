package directory

import "time"

// DomainClaim is a domain that a workspace says is its own (row F1).
type DomainClaim struct {
	Workspace string
	// Domain is in small ASCII letters: xn--… where it is international.
	Domain string
	// Environment is the workspace's. In each, one workspace at most has proven a
	// domain.
	Environment EnvironmentKind
	// Challenge is what the TXT record must hold. It is no secret: it stands in
	// DNS, and helps only whoever can change the domain's records.
	Challenge string
	// Proof is empty until the domain was proven.
	Proof DomainProof
	// Reason is why it was confirmed without a record.
	Reason string
	// Who entered it, and when.
	Who     string
	Created time.Time
	// Verified is when it was proven, and VerifiedBy who asked then.
	Verified   time.Time
	VerifiedBy string
	// Checked is when DNS was asked last, Outcome the problem code of what came of
	// it ("" where it was right), and Detail one more sentence.
	Checked         time.Time
	Outcome, Detail string
	// Next is when DNS is asked again by itself; never where it is zero.
	Next time.Time
}

// Proven reports whether the domain is verified.
func (c DomainClaim) Proven() bool { return c.Proof != "" }

// Record is the name of the TXT record.
func (c DomainClaim) Record() string { return ChallengeLabel + "." + c.Domain }

// ChallengeLabel is what comes before the domain in the name of the record.
const ChallengeLabel = "_lanyard-challenge"

// DomainProof is how a domain was proven.
type DomainProof string

// The proofs.
const (
	ProofDNS DomainProof = "dns"
	// ProofOverride: an operator confirmed it, and said why.
	ProofOverride DomainProof = "override"
	// ProofOperator: it was set with lanyardd workspace, which only operators run.
	ProofOperator DomainProof = "operator"
)

// DomainDecision is what was decided about a person outside the domains (row F5).
type DomainDecision struct {
	Person string
	Kind   DecisionKind
	// Exemption is set where the kind is DecideExempt; By and At always are.
	Exemption
}

// DecisionKind is one of the two meanings of Allow.
type DecisionKind string

// The kinds.
const (
	// DecideLose: they are suspended when single sign-on is enabled.
	DecideLose DecisionKind = "lose_access"
	// DecideExempt: they keep their access, as long as the exemption holds.
	DecideExempt DecisionKind = "exempt"
)

// Holds reports whether the decision still stands at a time.
func (d DomainDecision) Holds(now time.Time) bool {
	return d.Kind == DecideLose || d.Kind == DecideExempt && d.Valid(now)
}

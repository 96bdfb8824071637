package directory

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// Every module, in every plan: what may be changed, and what runs.
//
// req: A5
func TestPlan_gatesEveryModuleByItself(t *testing.T) {
	for _, m := range Modules() {
		for _, down := range []Downgrade{"", DowngradeKeep, DowngradeBlock} {
			p := Plan{OnDowngrade: down}.With(m, false)
			for _, other := range Modules() {
				wantIn := other != m
				if p.Includes(other) != wantIn {
					t.Errorf("without %s: Includes(%s) = %t", m, other, !wantIn)
				}
				if wantRuns := wantIn || down != DowngradeBlock; p.Runs(other) != wantRuns {
					t.Errorf("without %s, %q: Runs(%s) = %t", m, down, other, !wantRuns)
				}
			}
			if back := p.With(m, true); !back.Includes(m) || len(back.Without) != 0 {
				t.Errorf("%s is not back: %v", m, back.Without)
			}
		}
	}
	if (Plan{}).Seats != 0 || !(Plan{}).Runs(ModuleSAML) {
		t.Error("the zero plan lacks something")
	}
}

func TestPlan_twoPlansAllowWhatBothDo(t *testing.T) {
	seller := Plan{Without: []Module{ModuleSCIM}, Seats: 10, Contact: "Call us.", OnDowngrade: DowngradeBlock}
	own := Plan{Without: []Module{ModuleSAML}, Seats: 20, License: "E-1", OnDowngrade: DowngradeKeep}
	got := own.Within(seller)
	if got.Includes(ModuleSAML) || got.Includes(ModuleSCIM) || !got.Includes(ModuleMobile) || got.Seats != 10 ||
		got.Contact != "Call us." || got.License != "E-1" || got.Runs(ModuleSAML) {
		t.Errorf("both: %+v", got)
	}
	if other := seller.Within(own); other.Seats != 10 || !slices.Contains(other.Without, ModuleSAML) || other.OnDowngrade != DowngradeBlock {
		t.Errorf("the other way round: %+v", other)
	}
	if got := (Plan{}).Within(Plan{}); got.Seats != 0 || len(got.Without) != 0 {
		t.Errorf("two plans with everything: %+v", got)
	}
}

func TestPlan_refusesWhatCannotBeMeant(t *testing.T) {
	for name, p := range map[string]Plan{
		"no module":    {Without: []Module{"fax"}},
		"no choice":    {OnDowngrade: "maybe"},
		"seats":        {Seats: -1},
		"script":       {ContactURL: "javascript:alert(1)"},
		"no host":      {ContactURL: "https:///x"},
		"no address":   {ContactURL: "mailto:nobody"},
		"in the clear": {ContactURL: "http://example.com"},
		"too long":     {Contact: strings.Repeat("a", 501)},
	} {
		if err := p.Valid(); !errors.Is(err, problem.New(problem.BadPlan)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, u := range []string{"", "https://example.com/buy?x=1", "mailto:sales@example.com"} {
		if err := (Plan{ContactURL: u, Seats: 5, OnDowngrade: DowngradeKeep}).Valid(); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func TestPilot_onlyThePeopleInItAreSentWhileItIsOn(t *testing.T) {
	p := Pilot{On: true, People: []string{"ada"}}
	if !p.Includes("ada") || p.Includes("bob") {
		t.Error("while it is on")
	}
	if p.On = false; !p.Includes("ada") || !p.Includes("bob") {
		t.Error("while it is off")
	}
}

func TestSwitches_eachModuleHasItsOwn(t *testing.T) {
	for _, m := range Modules() {
		s := Switches{}.Set(m, false).Set(m, false)
		for _, other := range Modules() {
			if s.On(other) == (other == m) {
				t.Errorf("%s off: On(%s) = %t", m, other, s.On(other))
			}
		}
		if s = s.Set(m, true); len(s.Off) != 0 {
			t.Errorf("%s on again: %v", m, s.Off)
		}
	}
}

func TestFingerprint_changesWithWhatPeopleSignInWith(t *testing.T) {
	m := Microsoft{TenantID: "t", ClientID: "c"}
	hint := m
	hint.DomainHint = "acme.example"
	if m.Fingerprint() != hint.Fingerprint() {
		t.Error("a hint makes a test void")
	}
	m.ClientID = "d"
	if m.Fingerprint() == hint.Fingerprint() {
		t.Error("another app, and the test still counts")
	}
}

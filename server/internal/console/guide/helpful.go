package guide

import (
	"context"
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// settingHelpful is the kind of the setting that says how many people each
// article of a workspace helped (row I5).
const settingHelpful = "guide.helpful"

// Tally is how many said that an article helped them, and that it did not.
type Tally struct {
	Yes int `json:"yes"`
	No  int `json:"no"`
}

// votes are what administrators said of articles. Each has one voice for an
// article, which they may change.
type votes struct {
	// Yes and No are administrators' ids by article.
	Yes map[string][]string `json:"yes,omitempty"`
	No  map[string][]string `json:"no,omitempty"`
}

func (v votes) tally(article string) Tally { return Tally{len(v.Yes[article]), len(v.No[article])} }

// of is what somebody said: yes, no, or "".
func (v votes) of(article, who string) string {
	switch {
	case slices.Contains(v.Yes[article], who):
		return "yes"
	case slices.Contains(v.No[article], who):
		return "no"
	}
	return ""
}

// say records a voice in the place of the one before.
func (v *votes) say(article, who string, helped bool) {
	out := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == who })
	}
	if v.Yes == nil {
		v.Yes = map[string][]string{}
	}
	if v.No == nil {
		v.No = map[string][]string{}
	}
	v.Yes[article], v.No[article] = out(v.Yes[article]), out(v.No[article])
	if helped {
		v.Yes[article] = append(v.Yes[article], who)
	} else {
		v.No[article] = append(v.No[article], who)
	}
}

func (s *Section) votes(ctx context.Context, workspace string) (votes, error) {
	v, _, err := store.ReadSetting[votes](ctx, s.cfg.Store, workspace, settingHelpful)
	return v, err
}

type helpfulInput struct {
	Article string `json:"article"`
	Helpful string `json:"helpful"`
}

type helpfulDone struct {
	console.Done
	Tally
}

// helpful records whether an article helped.
func (s *Section) helpful(ctx context.Context, c *console.Call, in helpfulInput) (helpfulDone, error) {
	m := directory.Module(in.Article)
	if !m.Valid() {
		return helpfulDone{}, console.Bad("article", "It is microsoft, saml, scim or mobile.")
	}
	if in.Helpful != "yes" && in.Helpful != "no" {
		return helpfulDone{}, console.Bad("helpful", "It is yes or no.")
	}
	who := c.Me.ID
	if who == "" {
		who = c.Me.Called()
	}
	change := store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now}
	v, _, err := store.ChangeSetting(ctx, s.cfg.Store, c.Workspace.ID, settingHelpful, change, func(v *votes) error {
		v.say(in.Article, who, in.Helpful == "yes")
		return nil
	})
	if err != nil {
		return helpfulDone{}, err
	}
	c.Target(in.Article)
	return helpfulDone{console.Done{To: c.Path(route(m)), Say: "Thank you for saying so."}, v.tally(in.Article)}, nil
}

package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// pocket is a workplace on a telephone.
type pocket struct {
	*workplace
	*handset
	// afterTap is what waits for a touch to be over.
	afterTap []func()
}

func newPocket(t *testing.T, size fyne.Size) *pocket {
	p := &pocket{handset: newHandset(newQuickApp(t))}
	p.workplace = newWorkplaceOn(t, p.handset, nil)
	p.view.later = func(_ time.Duration, f func()) { p.afterTap = append(p.afterTap, f) }
	p.window.Resize(size)
	p.reach(entry)
	return p
}

// seen reports whether o lies wholly in what the notch and the keyboard leave.
func (h *handset) seen(o fyne.CanvasObject) bool {
	at, room := h.canvas.InteractiveArea()
	p := find(h.canvas.Content(), o)
	return p.at.Y >= at.Y && p.bottom() <= at.Y+room.Height && p.at.X >= at.X && p.right() <= at.X+room.Width
}

// button is the one that does a.
func (p *pocket) button(a act) *press {
	p.t.Helper()
	for _, w := range p.view.presses {
		if w.Act == a {
			return w
		}
	}
	p.t.Fatalf("no button does %s on %+v", a, p.view.shown)
	return nil
}

// req: G5
func TestPhone_theKeyboardNeverCoversTheField(t *testing.T) {
	all := situations()
	s := newStage(t, fyne.NewSize(360, 640), true, theme.VariantLight)
	for _, at := range []struct {
		size     fyne.Size
		keyboard float32
	}{
		{fyne.NewSize(360, 640), 300},
		{fyne.NewSize(320, 568), 260},
		{fyne.NewSize(412, 915), 340},
		{fyne.NewSize(640, 360), 200},
		{fyne.NewSize(568, 320), 162},
		{fyne.NewSize(1024, 768), 400},
	} {
		for _, typed := range []string{"06-entry", "08-entry-unknown", "09-entry-signed-out-elsewhere", "05-key-file-wrong", "21-entry-saml"} {
			if raceDetector && typed != "08-entry-unknown" {
				continue
			}
			s.handset.height, s.handset.keyboards = at.keyboard, nil
			s.window.Resize(at.size)
			s.play(all[slices.IndexFunc(all, func(w situation) bool { return w.name == typed })])
			if len(s.handset.keyboards) > 0 {
				t.Fatalf("%s at %v: the keyboard is up before the field was touched", typed, at.size)
			}
			s.handset.canvas.tap(s.field)
			if s.canvas.Focused() != s.field || !s.handset.canvas.keyboard {
				t.Fatalf("%s at %v: the field has no keyboard", typed, at.size)
			}
			if !s.handset.seen(s.field) {
				t.Errorf("%s at %v: the field cannot be seen", typed, at.size)
			}
			_, room := s.handset.canvas.InteractiveArea()
			from, to := find(s.scroll.Content, s.label), find(s.scroll.Content, s.presses[0])
			if fits := to.bottom()-from.at.Y <= room.Height-12; fits && !s.handset.seen(s.presses[0]) {
				t.Errorf("%s at %v: the button fits and cannot be seen", typed, at.size)
			} else if !fits && s.shown.Field.Problem == "" {
				t.Errorf("%s at %v: the button does not fit into %v", typed, at.size, room)
			}
			s.handset.canvas.Unfocus()
			s.touchOver()
			if s.scroll.Size().Height != at.size.Height {
				t.Errorf("%s at %v: the page keeps %v when the keyboard has gone", typed, at.size, s.scroll.Size())
			}
		}
	}
}

// On Android the whole canvas may become lower instead (adjustResize).
func TestPhone_aLowerWindowKeepsTheFieldInSight(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.handset.height = 0
	p.canvas.tap(p.view.field)
	p.window.Resize(fyne.NewSize(360, 300))
	if !p.seen(p.view.field) || !p.seen(p.view.presses[0]) {
		t.Error("the field or the button cannot be seen")
	}
	before := p.view.desk.tall
	p.window.Resize(fyne.NewSize(640, 200)) // turned on its side
	if !p.seen(p.view.field) || p.view.desk.tall == before {
		t.Error("on its side the field cannot be seen")
	}
}

// req: G5
func TestPhone_returnSubmitsAndPutsTheKeyboardAway(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.canvas.tap(p.view.field)
	if got := p.keyboards[len(p.keyboards)-1]; got != mobile.SingleLineKeyboard {
		t.Errorf("the keyboard is %v", got)
	}
	for _, r := range "Acme " { // as a phone writes it: a capital, and a space after a suggestion
		p.canvas.Focused().TypedRune(r)
	}
	p.canvas.type_(fyne.KeyReturn)
	if p.canvas.keyboard || p.canvas.Focused() != nil {
		t.Error("the keyboard is still there")
	}
	p.reach(browser)
	if q := <-p.microsoft.asked; q.TenantID != "t" {
		t.Errorf("request %+v", q)
	}
	p.microsoft.answer <- nil
	p.reach(home)
	if len(p.keyboards) != 1 {
		t.Errorf("the keyboard came %d times", len(p.keyboards))
	}
}

func TestPhone_theKeyboardHasAKeyThatSubmitsOnEverySystem(t *testing.T) {
	if keyboardOn("android") != mobile.SingleLineKeyboard || keyboardOn("ios") != mobile.DefaultKeyboard {
		t.Error("on one of them nothing would be submitted")
	}
}

// The finger that takes the focus from the field also closes the keyboard, and the page
// would move under it.
func TestPhone_theButtonThatWasTouchedIsTheOneThatActs(t *testing.T) {
	p := newPocket(t, fyne.NewSize(320, 568))
	p.canvas.tap(p.view.field)
	for _, r := range "acme" {
		p.canvas.Focused().TypedRune(r)
	}
	if p.view.scroll.Offset.Y == 0 {
		t.Fatal("the page need not move; the test proves nothing")
	}
	if p.facts.Asked {
		t.Fatal("touching the field pressed a button")
	}
	w := p.button(doSignInMicrosoft)
	at := middleOf(p.canvas.Content(), w)
	p.canvas.down(w) // the keyboard goes
	if got := middleOf(p.canvas.Content(), w); got != at {
		t.Errorf("the button moved from %v to %v under the finger", at, got)
	}
	p.canvas.up(at)
	p.reach(browser)

	p.canvas.back()
	p.reach(entry)
	p.canvas.tap(p.view.field)
	p.canvas.down(p.view.scroll) // beside everything
	if p.view.scroll.Size().Height == 568 {
		t.Error("the page moves while the finger is down")
	}
	for _, f := range p.afterTap {
		f()
	}
	if p.view.scroll.Size().Height != 568 {
		t.Error("the page does not use the room that is free again")
	}
}

// req: G5
func TestPhone_backLeavesWhatIsUnderWayBeforeItLeavesTheApp(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.canvas.tap(p.view.field)
	for _, r := range "acme" {
		p.canvas.Focused().TypedRune(r)
	}
	p.canvas.type_(fyne.KeyReturn)
	p.reach(browser)
	<-p.microsoft.asked
	p.canvas.back() // cancels
	if e := p.reach(entry); e.Field.Value != "acme" {
		t.Errorf("what was typed is gone: %+v", e.Field)
	}

	p.canvas.tap(p.button(doSignInMicrosoft))
	p.reach(browser)
	<-p.microsoft.asked
	p.microsoft.answer <- problem.New(problem.NotAssigned)
	p.reach(failed)
	p.canvas.back()
	p.reach(entry)

	p.canvas.tap(p.button(doSignInMicrosoft))
	p.reach(browser)
	<-p.microsoft.asked
	p.microsoft.answer <- nil
	p.reach(home)
	p.canvas.tap(p.button(doMenu))
	if p.view.shown.Escape != doMenu {
		t.Fatalf("page %+v", p.view.shown)
	}
	p.canvas.back()
	if p.view.shown.Escape != doNothing || p.left != 0 {
		t.Fatalf("page %+v, left %d times", p.view.shown, p.left)
	}
	p.canvas.back()
	if p.left != 1 || p.view.shown.Kind != home {
		t.Errorf("left %d times, page %s", p.left, p.view.shown.Kind)
	}
}

func TestPhone_backLeavesTheAppFromTheFirstPage(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.canvas.back()
	p.canvas.tap(p.view.field) // and with the focus in the field
	p.canvas.back()
	if p.left != 2 || p.view.shown.Kind != entry {
		t.Errorf("left %d times, page %s", p.left, p.view.shown.Kind)
	}
}

// req: G5
func TestPhone_theBrowserCanBeOpenedAgain(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.view.field.SetText("acme")
	p.canvas.tap(p.button(doSignInMicrosoft))
	p.reach(browser)
	<-p.microsoft.asked
	p.type_("something else") // which is not what is under way
	p.canvas.tap(p.button(doOpenAgain))
	if q := <-p.microsoft.asked; q.TenantID != "t" || q.DeviceCode != nil {
		t.Fatalf("request %+v", q)
	}
	p.reach(browser)
	p.canvas.tap(p.button(doSignInWithCode))
	p.reach(code)
	if q := <-p.microsoft.asked; q.DeviceCode == nil {
		t.Fatalf("request %+v", q)
	}
}

// A sign-in that an earlier process of the app began.
//
// req: G5
func TestPhone_aSignInThatWasBegunEarlierIsShownAsOne(t *testing.T) {
	p := newPocket(t, fyne.NewSize(360, 640))
	p.changed(p.client, auth.State{Phase: auth.SigningIn})
	if got := p.view.shown; got.Kind != resuming || strings.Contains(got.Title, "%") || got.Escape != doCancel || !got.Busy {
		t.Errorf("page %+v", got)
	}
	p.changed(p.client, auth.State{Phase: auth.SigningIn, Workspace: acme(), Method: auth.Microsoft, LastWorkspace: "acme"})
	if got := p.view.shown; got.Kind != browser || !strings.Contains(got.Text, "Acme Instruments") || acts(got) != "open-again sign-in-with-code cancel" {
		t.Errorf("page %+v", got)
	}
	p.canvas.tap(p.button(doOpenAgain))
	<-p.microsoft.asked
	if got := p.view.shown.Text; strings.Contains(got, "not been finished") {
		t.Errorf("what was begun here is shown as begun before: %q", got)
	}
}

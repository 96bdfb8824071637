package app

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"
)

// Targets of touch, in Fyne's points: Apple's guidelines ask for 44 by 44, and 8 keep
// two of them apart.
const (
	targetSide = 44
	targetGap  = 8
)

// laid is one page as it was laid out on one screen.
type laid struct {
	name  string
	touch bool
	room  fyne.Size // what can be seen at once
	page  float32   // how high the page is
	inked []placed  // texts, pictures and the field
	// targets are what can be touched, hidden the buttons that no scrolling shows.
	targets []placed
	hidden  []string
	buttons int
}

// allLaid lays out the pages on the screens, once for all the tests: what lies where does
// not take the drawing of a picture. Where that is not to take long, each page is on a
// few of the screens; with LANYARD_TEST_LONG=1 on all of them.
var allLaid = sync.OnceValue(func() []laid {
	var all []laid
	for _, touch := range []bool{false, true} {
		t := &testing.T{} // NewTempApp wants one for its cleaning up, which the process ends
		s := newStage(t, screens[0].size, touch, theme.VariantLight)
		for j, screen := range screens {
			if screen.touch != touch {
				continue
			}
			s.play(situations()[0]) // so that no page kept is laid out anew
			s.window.Resize(screen.size)
			for i, what := range situations() {
				if onScreen(i, j, what.name) {
					s.play(what)
					all = append(all, s.laid(what.name+" on a "+screen.name))
				}
			}
		}
	}
	return all
})

func onScreen(page, screen int, name string) bool {
	switch {
	case os.Getenv("LANYARD_TEST_LONG") == "1":
		return true
	case raceDetector: // nothing here runs beside anything, and the other run has them all
		return page%len(screens) == screen && page%4 == 0
	}
	return page%3 == screen%3 || strings.Contains(name, "long")
}

func (s *stage) laid(name string) laid {
	l := laid{
		name: name, touch: s.handset != nil, room: s.scroll.Size(), buttons: len(s.shown.Buttons),
		page: max(s.scroll.Size().Height, s.scroll.Content.Size().Height),
	}
	for _, p := range everything(s.scroll.Content, fyne.Position{}) {
		switch o := p.CanvasObject.(type) {
		case *canvas.Text:
			onItsDisc := s.shown.Person != nil && o.Text == s.shown.Person.Initials && o.TextSize == initialsSize
			if o.Text != "" && !onItsDisc {
				l.inked = append(l.inked, p)
			}
		case *canvas.Image, *line:
			l.inked = append(l.inked, p)
		}
		_, tapped := p.CanvasObject.(fyne.Tappable)
		_, focused := p.CanvasObject.(fyne.Focusable)
		_, touched := p.CanvasObject.(mobile.Touchable)
		if tapped || focused || touched {
			l.targets = append(l.targets, p)
		}
	}
	content := s.window.Canvas().Content()
	for _, w := range s.presses {
		s.reveal(w, w)
		y, top := find(content, w).at.Y, find(content, s.scroll).at.Y
		if y < top || y+w.Size().Height > top+s.scroll.Size().Height {
			l.hidden = append(l.hidden, w.Label)
		}
	}
	return l
}

// req: G5
func TestScreens_nothingIsCutOffAndNothingOverlaps(t *testing.T) {
	seen := 0
	for _, l := range allLaid() {
		for i, p := range l.inked {
			seen++
			if text, ok := p.CanvasObject.(*canvas.Text); ok {
				if m := text.MinSize(); m.Width > p.size.Width+0.5 || m.Height > p.size.Height+0.5 {
					t.Errorf("%s: %q needs %v and has %v", l.name, text.Text, m, p.size)
				}
			}
			if p.at.X < 8 || p.right() > l.room.Width-8 || p.at.Y < 8 || p.bottom() > l.page-8 {
				t.Errorf("%s: %s lies from %v to %v,%v in %v,%v", l.name, named(p), p.at, p.right(), p.bottom(), l.room.Width, l.page)
			}
			for _, q := range l.inked[:i] {
				if p.at.X < q.right()-0.5 && q.at.X < p.right()-0.5 && p.at.Y < q.bottom()-0.5 && q.at.Y < p.bottom()-0.5 {
					t.Errorf("%s: %s lies on %s", l.name, named(p), named(q))
				}
			}
		}
	}
	if seen < 2*len(situations()) {
		t.Errorf("only %d parts were seen", seen)
	}
}

func named(p placed) string {
	if t, ok := p.CanvasObject.(*canvas.Text); ok {
		return fmt.Sprintf("%q", t.Text)
	}
	return fmt.Sprintf("%T", p.CanvasObject)
}

// req: G5
func TestScreens_whatIsTouchedIsLargeAndApart(t *testing.T) {
	seen := 0
	for _, l := range allLaid() {
		if !l.touch {
			continue
		}
		if len(l.targets) < l.buttons {
			t.Fatalf("%s: %d of %d buttons are seen", l.name, len(l.targets), l.buttons)
		}
		for i, p := range l.targets {
			seen++
			if size := p.size; size.Width < targetSide || size.Height < targetSide {
				t.Errorf("%s: a target is %v", l.name, size)
			}
			for _, q := range l.targets[:i] {
				x := max(p.at.X-q.right(), q.at.X-p.right())
				y := max(p.at.Y-q.bottom(), q.at.Y-p.bottom())
				if max(x, y) < targetGap {
					t.Errorf("%s: two targets are %v apart", l.name, max(x, y))
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d targets were seen", seen)
	}
}

func TestScreens_everyButtonCanBeReachedAndNoneIsTooWide(t *testing.T) {
	for _, l := range allLaid() {
		if len(l.hidden) > 0 {
			t.Errorf("%s: %q cannot be scrolled to", l.name, l.hidden)
		}
		for _, p := range l.targets {
			if p.size.Width > cardWidth {
				t.Errorf("%s: a target is %v wide", l.name, p.size.Width)
			}
		}
	}
}

// A notch at the side of a phone on its side, the home indicator below.
//
// req: G5
func TestScreens_nothingLiesUnderTheNotch(t *testing.T) {
	for _, at := range []struct {
		size, notch, foot fyne.Size
	}{
		{fyne.NewSize(390, 844), fyne.NewSize(0, 47), fyne.NewSize(0, 34)},
		{fyne.NewSize(844, 390), fyne.NewSize(47, 0), fyne.NewSize(47, 21)},
		{fyne.NewSize(568, 320), fyne.NewSize(44, 0), fyne.NewSize(44, 21)},
	} {
		if raceDetector && at.notch.Width == 0 {
			continue
		}
		s := newStage(t, at.size, true, theme.VariantLight)
		s.handset.notch, s.handset.foot = at.notch, at.foot
		s.handset.canvas.layout()
		for i, what := range situations() {
			if i%4 != 0 || raceDetector && i%20 != 0 {
				continue // all of them lie in the same room
			}
			s.play(what)
			page := find(s.handset.canvas.Content(), s.scroll)
			if page.at.X < at.notch.Width || page.at.Y < at.notch.Height || page.right() > at.size.Width-at.foot.Width || page.bottom() > at.size.Height-at.foot.Height {
				t.Fatalf("%s: the page lies from %v to %v,%v of %v", what.name, page.at, page.right(), page.bottom(), at.size)
			}
			for _, p := range everything(s.scroll.Content, fyne.Position{}) {
				if _, ok := p.CanvasObject.(*canvas.Text); ok && (p.at.X < 0 || p.right() > page.size.Width) {
					t.Errorf("%s at %v: %s is cut off", what.name, at.size, named(p))
				}
			}
		}
	}
}

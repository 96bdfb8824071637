package app

import (
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"
)

// What a touch screen asks for besides room: its keyboard comes and goes, and its
// Back button must not end what somebody is in the middle of.

// tapTime is the longest touch that Fyne takes for a tap
// (tapSecondaryDelay in its mobile driver).
const tapTime = 300 * time.Millisecond

// frame fills the window with a page that scrolls. On a phone, Fyne gives it only
// what the notch, the home indicator and the keyboard leave (InteractiveArea).
type frame struct{ v *view }

func (frame) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

func (f frame) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if f.v.scroll == nil {
		return // nothing has been drawn yet
	}
	for _, o := range objects[1:] {
		o.Resize(size)
	}
	if f.v.touching && size.Width == f.v.desk.room.Width {
		return // the finger that the keyboard comes or goes for is still down
	}
	f.v.fill(size)
}

// fill lays the page out in a room of that size. A page knows its height only when
// it is laid out, so the scroll container is asked a second time.
func (v *view) fill(room fyne.Size) {
	changed := room != v.desk.room
	v.desk.see(room)
	v.scroll.Resize(room)
	v.scroll.Refresh()
	if !changed {
		return
	}
	switch f := v.canvas.Focused().(type) {
	case *line:
		v.revealField()
	case *press:
		v.reveal(f, f)
	}
}

// revealField scrolls until the field can be seen, together with its label, what is
// wrong with it and the button below where there is room for all of them.
func (v *view) revealField() {
	if v.field == nil {
		return
	}
	last := fyne.CanvasObject(v.field)
	if len(v.presses) > 0 {
		last = v.presses[0]
	}
	v.reveal(v.label, last)
}

// fieldTouched is called when the field has got the focus or lost it. A touch does that
// as the finger goes down, and with it the keyboard comes or goes; were the page to move
// at once into the room that is left then, the finger would be lifted from a button that
// was not there before. So the page stays where it is until the touch must be over.
func (v *view) fieldTouched(focused bool) {
	if !v.phone {
		if focused {
			v.revealField()
		}
		return
	}
	v.touching = true
	v.later(tapTime, v.touchOver)
}

// touchOver lays the page out in the room that there is now.
func (v *view) touchOver() {
	if !v.touching {
		return
	}
	v.touching = false
	v.root.Refresh()
	if v.focused() == inTheField {
		v.revealField()
	}
}

// leaveField takes the focus from the field, which closes the keyboard.
func (v *view) leaveField() {
	if v.phone && v.canvas.Focused() != nil {
		v.canvas.Unfocus()
	}
}

// back is the Back button of Android: it leaves what Escape leaves. Where there is
// nothing to leave it goes to the app that was there before, as people expect of it;
// the sign-in stays.
func (v *view) back() {
	if v.shown.Escape != doNothing {
		v.leaveField()
		v.do(v.shown.Escape)
		return
	}
	if d, ok := fyne.CurrentApp().Driver().(mobile.Driver); ok {
		d.GoBack()
	}
}

// keyboardOn is the keyboard for one line of text. Fyne's for a single line closes on
// iOS when Done is pressed, and says nothing to the app; its usual one has a Return key
// that does. Neither corrects what is typed on Android, and on iOS a first letter made
// large is no matter: the names of workspaces are the same in any case.
func keyboardOn(system string) mobile.KeyboardType {
	if system == "ios" {
		return mobile.DefaultKeyboard
	}
	return mobile.SingleLineKeyboard
}

// Tapped also says that the finger has been lifted.
func (l *line) Tapped(e *fyne.PointEvent) {
	l.Entry.Tapped(e)
	l.onTapped()
}

// Keyboard implements mobile.Keyboardable.
func (l *line) Keyboard() mobile.KeyboardType { return keyboardOn(runtime.GOOS) }

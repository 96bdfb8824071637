package app

import "fyne.io/fyne/v2"

// Widths and heights, in points, at which a page is laid out otherwise.
const (
	// wide is the width of a desktop's window from which on a card is drawn;
	// tablet that of a touch screen, so that no phone held upright has one.
	wide   = 480
	tablet = 600
	// A window lower than low, as a phone on its side has, has no room for a
	// page from top to bottom. From twoPanes on its halves stand side by side.
	low      = 480
	twoPanes = 520

	paneWidth = cardWidth - 2*cardPadding
	paneGap   = 32
	lowMargin = 16
)

// desk puts its objects (the card's shadow, the card's ground, what a page says,
// what can be done there) into the window: a card in the middle of a wide one, two
// halves side by side in a low one, one below the other in a narrow one.
type desk struct {
	// phone says that the room changes while an on-screen keyboard is there.
	phone bool

	room   fyne.Size // what can be seen at once
	tall   float32   // the most of it at this width: the room without a keyboard
	height float32   // of the content and the space around it, when laid out last
}

// see takes in how large the window is. That a keyboard takes half of it does not
// make a page look another way: only the height changes then.
func (d *desk) see(room fyne.Size) {
	if !d.phone || room.Width != d.room.Width {
		d.tall = 0
	}
	d.room, d.tall = room, max(d.tall, room.Height)
}

func (d *desk) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, d.height) }

func (d *desk) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	shadow, ground, says, does := objects[0], objects[1], objects[2], objects[3]
	from := float32(wide)
	if d.phone {
		from = tablet
	}
	card := d.tall >= low && d.room.Width >= from
	setVisible(card, shadow, ground)
	switch {
	case card:
		d.card(shadow, ground, says, does)
	case d.tall < low && d.room.Width >= twoPanes:
		d.halves(says, does)
	default:
		inner := min(d.room.Width-2*phoneMargin, cardWidth)
		h := stacked(inner, says, does)
		y := max(whole((d.room.Height-h)*0.4), phoneMargin)
		move(whole((d.room.Width-inner)/2), y, says, does)
		d.height = h + 2*phoneMargin
	}
}

func (d *desk) card(shadow, ground, says, does fyne.CanvasObject) {
	h := stacked(paneWidth, says, does)
	y := max(whole((d.room.Height-h-2*cardPadding)*0.45), phoneMargin)
	x := whole((d.room.Width - cardWidth) / 2)
	move(x+cardPadding, y+cardPadding, says, does)
	outer := fyne.NewSize(cardWidth, h+2*cardPadding)
	ground.Move(fyne.NewPos(x, y))
	ground.Resize(outer)
	shadow.Move(fyne.NewPos(x, y+6))
	shadow.Resize(outer)
	d.height = h + 2*cardPadding + 2*phoneMargin
}

// halves puts what the page says on the left and what can be done on the right.
func (d *desk) halves(says, does fyne.CanvasObject) {
	width := min(whole((d.room.Width-2*phoneMargin-paneGap)/2)-1, paneWidth)
	fit(says, width)
	fit(does, width)
	h := max(says.Size().Height, does.Size().Height)
	x := whole((d.room.Width - 2*width - paneGap) / 2)
	y := max(whole((d.room.Height-h)/2), lowMargin)
	for i, o := range []fyne.CanvasObject{says, does} {
		o.Move(fyne.NewPos(x+float32(i)*(width+paneGap), y+whole((h-o.Size().Height)/2)))
	}
	d.height = h + 2*lowMargin
}

// actionGap is the space between what a page says and what can be done.
const actionGap = 24

// stacked makes both halves width wide and returns how high they are together.
func stacked(width float32, says, does fyne.CanvasObject) float32 {
	fit(says, width)
	fit(does, width)
	if does.Size().Height == 0 {
		return says.Size().Height
	}
	return says.Size().Height + actionGap + does.Size().Height
}

func move(x, y float32, says, does fyne.CanvasObject) {
	says.Move(fyne.NewPos(x, y))
	does.Move(fyne.NewPos(x, y+says.Size().Height+actionGap))
}

func setVisible(visible bool, objects ...fyne.CanvasObject) {
	for _, o := range objects {
		if visible {
			o.Show()
		} else {
			o.Hide()
		}
	}
}

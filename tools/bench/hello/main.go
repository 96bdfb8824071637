// Command hello is the smallest Fyne window: what the time to Lanyard's first
// painted frame is measured beside. It decides nothing.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.New().NewWindow("hello")
	w.SetContent(widget.NewLabel("hello"))
	w.Resize(fyne.NewSize(420, 640))
	w.ShowAndRun()
}

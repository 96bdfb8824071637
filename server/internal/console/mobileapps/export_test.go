package mobileapps

import (
	"image"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// Code is the code of a text as a picture.
func Code(t testing.TB, text string) image.Image {
	t.Helper()
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

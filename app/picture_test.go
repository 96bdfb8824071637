package app

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func encoded(t testing.TB, w, h int, kind string) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 0xFF
	}
	for x := range w / 2 { // red on the left, white on the right
		for y := range h {
			img.Set(x, y, color.RGBA{R: 0xFF, A: 0xFF})
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	if kind == "jpeg" {
		b.Reset()
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFetchPicture_takesASmallPictureAndNothingElse(t *testing.T) {
	mux := http.NewServeMux()
	serve := func(path string, data []byte) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
				t.Error("credentials were sent")
			}
			_, _ = w.Write(data)
		})
	}
	serve("/ada.png", encoded(t, 40, 60, "png"))
	serve("/ada.jpg", encoded(t, 300, 200, "jpeg"))
	serve("/page.html", []byte("<html>"))
	serve("/huge.png", encoded(t, picturePoints+1, 1, "png"))
	serve("/large", bytes.Repeat([]byte{0xFF}, pictureBytes+1))
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.1/ada.png", http.StatusFound)
	})
	ts := httptest.NewTLSServer(mux)
	defer ts.Close()
	// A program of this device, which must never hear of a picture: its
	// address came from a directory.
	own := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was asked of this device", r.URL)
	}))
	defer own.Close()
	mux.HandleFunc("/home", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, own.URL+"/restart", http.StatusFound)
	})

	for _, path := range []string{"/ada.png", "/ada.jpg"} {
		img, err := fetchPicture(t.Context(), ts.Client(), ts.URL+path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if b := img.Bounds(); b.Dx() != pictureSide || b.Dy() != pictureSide {
			t.Errorf("%s: it is %v", path, b)
		}
		if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
			t.Errorf("%s: the corner is not cut off", path)
		}
		if r, g, _, a := img.At(pictureSide/4, pictureSide/2).RGBA(); r < 0xF000 || g > 0x1000 || a != 0xFFFF {
			t.Errorf("%s: the left is not red", path)
		}
	}
	for _, address := range []string{
		ts.URL + "/page.html", ts.URL + "/huge.png", ts.URL + "/large", ts.URL + "/away", ts.URL + "/home", ts.URL + "/missing",
		own.URL + "/restart",
		"http://192.0.2.1/ada.png", "file:///etc/passwd", "https://u:p@example.com/ada.png", "not an address\x00", "",
	} {
		if _, err := fetchPicture(t.Context(), ts.Client(), address); !errors.Is(err, errPicture) {
			t.Errorf("%s: error %v", address, err)
		}
	}
}

// An address may hold the right to see the picture (a signed URL), and the
// error is logged.
func TestFetchPicture_itsErrorsDoNotRepeatTheAddress(t *testing.T) {
	ts := httptest.NewTLSServer(http.RedirectHandler("http://192.0.2.1/?sig=hunter2", http.StatusFound))
	away := ts.URL
	for _, address := range []string{away + "/?sig=hunter2", "https://hunter2\x7f/"} {
		if _, err := fetchPicture(t.Context(), ts.Client(), address); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error %v", err)
		}
	}
	ts.Close()
	if _, err := fetchPicture(t.Context(), ts.Client(), away+"/?sig=hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}

func FuzzDecodePicture(f *testing.F) {
	f.Add(encoded(f, 3, 5, "png"))
	f.Add(encoded(f, 16, 16, "jpeg"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := decodePicture(data)
		if (img == nil) == (err == nil) {
			t.Fatalf("picture %v, error %v", img, err)
		}
	})
}

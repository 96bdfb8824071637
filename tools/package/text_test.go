package main

import (
	"strings"
	"testing"
)

func TestWithServer_allElseStaysAsItIs(t *testing.T) {
	const server = "https://sso.example.com"
	cases := map[string]struct{ text, want string }{
		"there is no [Release]":     {"A = 1 # c\n", "A = 1 # c\n\n[Release]\n  Server = \"https://sso.example.com\"\n"},
		"there is an empty one":     {"[Release]\n", "[Release]\n  Server = \"https://sso.example.com\"\n"},
		"there is another server":   {"[Release] # c\nServer = \"https://old.example\"\nB = \"2\"\n[C]\nServer = \"x\"\n", "[Release] # c\n  Server = \"https://sso.example.com\"\nB = \"2\"\n[C]\nServer = \"x\"\n"},
		"one is only commented out": {"# [Release]\n#   Server = \"https://x.example\"\n", "# [Release]\n#   Server = \"https://x.example\"\n\n[Release]\n  Server = \"https://sso.example.com\"\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := withServer(c.text, server)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	for _, text := range []string{"= broken", "Release = 1\n"} {
		if got, err := withServer(text, server); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestLinkedDesktop_itTakesLinks(t *testing.T) {
	got, err := linkedDesktop(desktopText)
	want := strings.Replace(desktopText, "Exec=lanyard\n", "Exec=lanyard %u\nMimeType=x-scheme-handler/lanyard;\n", 1)
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for name, text := range map[string]string{
		"nothing is started":   "[Desktop Entry]\nType=Application\n",
		"there are types":      desktopText + "MimeType=text/plain;\n",
		"they stand before it": "MimeType=text/plain;\n" + desktopText,
	} {
		if got, err := linkedDesktop(text); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestTellingMakefile_eachRecipeTellsTheDesktop(t *testing.T) {
	const system, user = "\t-update-desktop-database $(DESTDIR)$(PREFIX)/share/applications\n", "\t-update-desktop-database $(DESTDIR)$(HOME)/.local/share/applications\n"
	want := "install:\n\tinstall -D x\n" + system + "uninstall:\n\t-rm x\n" + system + "\nuser-install:\n\tinstall -D y\n" + user +
		"\nuser-uninstall:\n\t-rm y\n" + user
	if got := tellingMakefile(makefileText); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLinkedPlist_itIsWrittenOnce(t *testing.T) {
	for _, text := range []string{"", "<dict><key>CFBundleURLTypes</key></dict>"} {
		if got, err := linkedPlist(text, "com.example.lanyard"); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Whatever stands in a file of somebody's, looking at it ends.
func FuzzInspectExe(f *testing.F) {
	f.Add(goodExe(f).bytes())
	f.Add([]byte("MZ"))
	w := want{icon: ours()}
	f.Fuzz(func(t *testing.T, data []byte) {
		inspectExe(data, w, &findings{})
	})
}

// The same of what a tarball holds, and of a library.
func FuzzInspectTarball(f *testing.F) {
	good := linuxTarball(f, fyneAppText, ours)
	f.Add(good)
	if linked, err := withLinks(good); err == nil {
		f.Add(linked)
	}
	f.Add(elfOf(fyneAppText, redirectSymbol))
	w := want{icon: ours(), secrets: map[string]string{"PASSWORD": "12345678"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = inspectTarball(data, w, &findings{})
		inspectLibrary("x.so", data, w, &findings{})
	})
}

// And of macOS' icons.
func FuzzLargestPNG(f *testing.F) {
	f.Add(icnsOf(pngOf(f, ours())))
	f.Add([]byte("icns\x00\x00\x00\x10ic10\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if img := largestPNG(data); img != nil && img.Bounds().Dx() > maxIcon {
			t.Errorf("a picture of %v", img.Bounds())
		}
	})
}

//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinux_itIsInstalledAndStarts builds what people install on Linux, installs
// it for one, and has the desktop's own programs look at it.
//
// req: G5
func TestLinux_itIsInstalledAndStarts(t *testing.T) {
	long(t)
	tarball := packaged(t, "linux", "--server", "https://sso.example.com")
	dir, home := t.TempDir(), t.TempDir()
	tool(t, nil, "tar", "-xJf", tarball, "-C", dir)
	tool(t, []string{"HOME=" + home}, "make", "-C", filepath.Join(dir, "lanyard"), "user-install")

	program := filepath.Join(home, ".local", "bin", "lanyard")
	app, err := readFyneApp(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "--version").Output()
	if want := "lanyard " + app.Details.Version; err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("it says %q, %v, want %q", out, err, want)
	}
	applications := filepath.Join(home, ".local", "share", "applications")
	entry := filepath.Join(applications, app.Details.Name+".desktop")
	tool(t, nil, "desktop-file-validate", entry)
	text, err := os.ReadFile(entry)
	if want := "Exec=" + program + " %u\n"; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("the entry is %s, %v, want %q in it", text, err, want)
	}
	known, err := os.ReadFile(filepath.Join(applications, "mimeinfo.cache"))
	if want := linkType + "=" + app.Details.Name + ".desktop;"; err != nil || !strings.Contains(string(known), want) {
		t.Errorf("the desktop knows %s, %v, want %q in it", known, err, want)
	}
}

// aapt stands in for Fyne's packager, which needs an NDK: with the manifest that
// was put into the copy it packs a library that does nothing.
func aapt(t *testing.T, c command, words io.Writer) error {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "FyneApp.toml"))
	if err != nil {
		return err
	}
	work := filepath.Join(c.dir, "apk")
	put(t, filepath.Join(work, "lib", "x86_64", "libLanyard.so"), string(elfOf(string(text), redirectSymbol, "ANativeActivity_onCreate")))
	icon, err := os.ReadFile(filepath.Join(c.dir, "assets", "icon.png"))
	if err != nil {
		return err
	}
	put(t, filepath.Join(work, "res", "mipmap-xxxhdpi-v4", "icon.png"), string(icon))
	put(t, filepath.Join(work, "classes.dex"), "dex")
	// The library and the picture as plain files: aapt would make resources of them.
	if _, err := start(t.Context(), command{c.dir, c.env, "aapt", []string{
		"package", "-M", "AndroidManifest.xml", "-I", "/usr/share/android-framework-res/framework-res.apk",
		"--min-sdk-version", "15", "--target-sdk-version", "29", "-F", "Lanyard.apk", work,
	}}, words); err != nil {
		return err
	}
	return nil
}

// TestAndroid_aReleaseIsSignedWithTheKeystoreAlone makes a release with
// keytool, zipalign, apksigner and our own lanyardd. Only the library is none.
//
// req: G5
func TestAndroid_aReleaseIsSignedWithTheKeystoreAlone(t *testing.T) {
	long(t)
	keystore := filepath.Join(t.TempDir(), "release.keystore")
	t.Setenv(passwordVariable, password)
	tool(t, nil, "keytool", "-genkeypair", "-keystore", keystore, "-storepass:env", passwordVariable, "-alias", "lanyard",
		"-keyalg", "RSA", "-keysize", "2048", "-validity", "10000", "-dname", "CN=Acme")
	m := here(t)
	m.env = append(os.Environ(), "ANDROID_NDK_HOME="+t.TempDir())
	var ran []command
	m.start = func(ctx context.Context, c command, words io.Writer) ([]byte, error) {
		ran = append(ran, c)
		switch {
		case filepath.Base(c.name) == "fyne":
			return nil, aapt(t, c, words)
		case c.name == "go" && slices.Contains(c.args, "-modfile=tools/fyne.mod"):
			return nil, nil
		}
		return start(ctx, c, words)
	}
	var said, words strings.Builder
	out := t.TempDir()
	code := run(t.Context(), []string{"android", "--release", "--arch", "amd64", "--keystore", keystore, "--out", out}, filepath.Join("..", ".."), m, &said, &words)
	if code != 0 {
		t.Fatalf("exit %d\n%s%s", code, &said, &words)
	}
	t.Log(said.String())
	file := filepath.Join(out, filepath.Base(strings.TrimSpace(said.String()[strings.LastIndex(strings.TrimSpace(said.String()), "\n")+1:])))
	certs, err := exec.CommandContext(t.Context(), "apksigner", "verify", "--verbose", "--print-certs", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, certs)
	}
	for _, want := range []string{"Verified using v1 scheme (JAR signing): true", "Verified using v2 scheme (APK Signature Scheme v2): true", "Number of signers: 1", "CN=Acme"} {
		if !strings.Contains(string(certs), want) {
			t.Errorf("apksigner does not say %q: %s", want, certs)
		}
	}
	for _, c := range ran {
		if slices.ContainsFunc(c.args, func(a string) bool { return strings.Contains(a, password) }) {
			t.Errorf("%s was given the password as an argument", c.name)
		}
	}
}

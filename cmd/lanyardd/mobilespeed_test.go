package main

import (
	"archive/zip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// largeApp is an .apk of 30 MB that cannot be compressed, signed by apksigner
// with schemes v1 to v3, and the program to read it with.
func largeApp(t testing.TB) (program, apk string) {
	t.Helper()
	if os.Getenv("LANYARD_TEST_LONG") == "" {
		t.Skip("signs a large app with Android's own programs; set LANYARD_TEST_LONG=1")
	}
	if _, err := exec.LookPath("apksigner"); err != nil {
		t.Fatal("apksigner is not installed: ./test --long installs it (apt: apksigner default-jdk-headless)")
	}
	dir := t.TempDir()
	program, apk = filepath.Join(dir, "lanyardd.exe"), filepath.Join(dir, "large.apk")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building lanyardd: %v\n%s", err, out)
	}
	const fixtures = "../../server/internal/mobileapp/testdata/"
	writeLarge(t, apk, fixtures+"acme.apk")
	sign := exec.Command("apksigner", "sign", "--ks", fixtures+"acme.p12", "--ks-pass", "pass:secret", "--min-sdk-version", "15", "--v4-signing-enabled", "false", apk)
	if out, err := sign.CombinedOutput(); err != nil {
		t.Fatalf("signing: %v\n%s", err, out)
	}
	return program, apk
}

// writeLarge copies the manifest of an app beside 30 MB of noise.
func writeLarge(t testing.TB, file, from string) {
	t.Helper()
	small, err := zip.OpenReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close() // only read from
	manifest, err := small.Open("AndroidManifest.xml")
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	for name, content := range map[string]io.Reader{
		"AndroidManifest.xml":      manifest,
		"lib/arm64-v8a/libAcme.so": io.LimitReader(rand.NewChaCha8([32]byte{}), 30<<20),
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkMobileIDs reads an app of 30 MB from the start of the process to its
// end, beside apksigner, which has a Java to start first. The aim is 0.3 s.
func BenchmarkMobileIDs(b *testing.B) {
	program, apk := largeApp(b)
	for name, args := range map[string][]string{
		"ours":      {program, "mobile", "ids", apk},
		"apksigner": {"apksigner", "verify", "--print-certs", apk},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}

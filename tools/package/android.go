package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// android builds an APK. One for people is signed with their key alone; one for
// trying carries the key that Fyne publishes, unless a keystore is given.
func (b *build) android(ctx context.Context) (string, error) {
	if err := b.manifest(ctx); err != nil {
		return "", err
	}
	target := "android"
	if b.want.arch != "" {
		target += "/" + b.want.arch
	}
	set := []string{"ANDROID_NDK_HOME=" + b.m.ndk()}
	if b.o.release {
		// Fyne leaves it out on phones; without it the folders of this machine
		// would stand in the app.
		set = append(set, "GOFLAGS="+b.m.variable("GOFLAGS")+" -trimpath")
	}
	if err := b.fyne(ctx, set, "package", "--target", target); err != nil {
		return "", err
	}
	apk, err := b.one("*.apk")
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, b.name("android", ".apk"))
	if b.o.keystore == "" {
		return file, os.Rename(apk, file)
	}
	return file, b.sign(ctx, apk, file)
}

// manifest writes the AndroidManifest.xml that brings the browser back into the
// app: its filter names the key that the app is signed with.
func (b *build) manifest(ctx context.Context) error {
	args, env := []string{"mobile", "manifest", "--fyne", filepath.Join(b.source, "FyneApp.toml")}, b.m.builders()
	if b.o.keystore == "" {
		args = append(args, "--debug")
	} else {
		keystore, err := filepath.Abs(b.o.keystore)
		if err != nil {
			return err
		}
		args, env = append(args, "--keystore", keystore), b.m.env
		if b.o.alias != "" {
			args = append(args, "--alias", b.o.alias)
		}
	}
	text, err := lanyardd(ctx, b.m, b.module, b.dir, env, args...)
	if err != nil {
		return fmt.Errorf("making AndroidManifest.xml: %w", err)
	}
	return os.WriteFile(filepath.Join(b.source, "AndroidManifest.xml"), text, 0o600)
}

// sign aligns an APK and replaces its signatures by those of the keystore, in
// every scheme. The password reaches apksigner through the environment.
func (b *build) sign(ctx context.Context, apk, signed string) error {
	aligned := filepath.Join(b.dir, "aligned.apk")
	if _, err := b.m.start(ctx, command{b.dir, b.m.builders(), "zipalign", []string{"-p", "-f", "4", apk, aligned}}, b.m.words); err != nil {
		return err
	}
	keystore, err := filepath.Abs(b.o.keystore)
	if err != nil {
		return err
	}
	args := []string{"sign", "--ks", keystore, "--ks-pass", "env:" + passwordVariable}
	if b.o.alias != "" {
		args = append(args, "--ks-key-alias", b.o.alias)
	}
	args = append(args, "--v1-signing-enabled", "true", "--v2-signing-enabled", "true", "--v3-signing-enabled", "true", "--v4-signing-enabled", "false", "--out", signed, aligned)
	_, err = b.m.start(ctx, command{b.dir, b.m.env, "apksigner", args}, b.m.words)
	return err
}

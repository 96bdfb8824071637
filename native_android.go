package main

import (
	"errors"

	"fyne.io/fyne/v2/driver"

	"github.com/lanyard-sso/lanyard/platform"
)

// Only the window toolkit knows how to reach Android's Java, and package
// platform must not know the toolkit.
func init() { platform.UseJVM(runNative) }

func runNative(do func(vm, env, context uintptr) error) error {
	return driver.RunNative(func(native any) error {
		a, ok := native.(*driver.AndroidContext)
		if !ok {
			return errors.New("the window toolkit did not say where Java is")
		}
		return do(a.VM, a.Env, a.Ctx)
	})
}

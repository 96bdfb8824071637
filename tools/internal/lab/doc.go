// Package lab is a desk with a person's computer on it: a screen nobody looks
// at (Xvfb), a session bus, a real gnome-keyring, Chromium as the system
// browser, and the programs under test as processes of their own. tools/demo
// and tools/bench sit down at it.
//
// It decides how those are started, watched and ended, and nothing about what
// is done with them. Everything a lab starts has its files in one temporary
// folder, so that the keyring, profile and settings of the person whose
// machine this is are neither read nor changed. Waiting is for an event, a log
// line or a change on the screen, always with a limit.
package lab

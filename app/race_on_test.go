//go:build race

package app

// raceDetector says that these tests run with it, ten times as slowly.
const raceDetector = true

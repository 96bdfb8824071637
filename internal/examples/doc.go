// Package examples holds tests only: the programs of the README, which compile
// and run here so that they keep being true. A test holds the README to them,
// word by word.
package examples

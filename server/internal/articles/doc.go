// Package articles holds tests only: five help articles of five vendors, each
// played from its first line to an employee who is signed in. An administrator in
// a real browser follows what is written there, with the names that are used
// there, and entratest is the Microsoft on the other side.
//
// The race detector is left out: it is the browser that takes the time, and the
// server is tried with it elsewhere.
package articles

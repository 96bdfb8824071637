// Package app is the employee's window.
//
// What it shows is a [page]: a value made by [pageFor], a pure function of the
// latest auth.State and of a few facts about the window. A view draws the page
// and knows nothing else, so what each state looks like is a table test. The desk
// lays it out for desktops, tablets and phones, held either way; phone.go has what
// a touch screen, its keyboard and its Back button ask for.
//
// app decides how things look and read. Who is signed in decides auth; where
// secrets are kept, main and platform; what a problem is called, problem. It
// never touches the network or a keychain on the UI goroutine, and imports no
// driver: main does.
package app

// Package console is what all pages for administrators stand on: which pages and
// acts there are, who may open which, how a page looks, and how the same acts are
// done with JSON and by a command.
//
// A page is a struct and a template; an act is a function of an input. The
// package decides who may ask (by what a [Sentry] says of them and the [Access]
// of each route), reads the input, has the act written into the audit log, and
// answers as whoever asked would like it: a page, JSON, or a value. What a page
// shows and what an act does is the business of its [Section], in a package of
// its own below this one.
//
// Pages need no script. With one (static/console.js) values are copied by a
// button, passkeys work, and regions marked data-live stay current.
package console

package app

import (
	"context"
	"image"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"github.com/lanyard-sso/lanyard/assets"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// Keep is where a sign-in is kept between two runs of the app.
type Keep int

// The places.
const (
	InKeychain Keep = iota
	InKeyFile       // sealed with the key in Storage.KeyFile
	InMemory        // nowhere: gone when the app is closed
)

// Storage is a person's choice of where the sign-in is kept.
type Storage struct {
	Keep    Keep
	KeyFile string
}

// Config is what a Window needs. Fields without a comment are required.
type Config struct {
	App fyne.App
	// Connect makes the client that keeps its secrets at s. A problem with
	// the place (NoKeychain, KeyFileInvalid, …) lets the person choose
	// another; nothing is chosen for them. It may block on a keychain.
	Connect func(ctx context.Context, s Storage) (*auth.Client, error)
	// Storage is tried first.
	Storage Storage
	// Workspace is put into the field at the start.
	Workspace string
	// KeyFile is offered when the person asks for one.
	KeyFile string
	// HTTPClient fetches pictures. Nil means an ordinary client.
	HTTPClient *http.Client
	// Version is shown in details that are copied.
	Version string
	// Log receives one line for each phase (event=phase) and one when the
	// window has been painted (event=window). Nil means slog.Default.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Keys of Fyne's preferences, which hold nothing secret.
const (
	prefWorkspace = "workspace"
	prefKeyFile   = "key-file"
)

// LastWorkspace is the workspace that was signed in to last on this device.
func LastWorkspace(a fyne.App) string { return a.Preferences().String(prefWorkspace) }

// KeyFile is the key file that the person chose on this device, or "".
func KeyFile(a fyne.App) string { return a.Preferences().String(prefKeyFile) }

// Window is the app's one window. Except for New and Run, all of it happens on
// the UI goroutine.
type Window struct {
	cfg    Config
	ctx    context.Context
	begun  time.Time
	window fyne.Window
	view   *view
	texts  texts
	state  auth.State
	facts  facts
	client *auth.Client
	end    context.CancelFunc // ends the client
	chosen Storage
	// keychain is why the keychain cannot be used, once that is known.
	keychain error
	picture  fetched
	// ui runs a function on the UI goroutine: fyne.Do, or a test's own.
	ui func(func())
}

// fetched is the picture of the person, by its address.
type fetched struct {
	address string
	img     image.Image // nil while it has not come, or when it never will
}

// New makes the window, without showing it.
func New(ctx context.Context, cfg Config) *Window {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{}
	}
	w := &Window{cfg: cfg, ctx: ctx, begun: cfg.Now(), texts: english(), chosen: cfg.Storage, ui: fyne.Do}
	w.facts = facts{Input: cfg.Workspace, KeyFile: cfg.KeyFile, Version: cfg.Version, Phone: fyne.CurrentDevice().IsMobile()}
	cfg.App.Settings().SetTheme(Theme{})
	w.window = cfg.App.NewWindow(w.texts.WindowTitle)
	w.window.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon()))
	w.window.Resize(fyne.NewSize(520, 740))
	w.window.CenterOnScreen()
	w.window.SetPadded(false)
	variant := func() fyne.ThemeVariant { return cfg.App.Settings().ThemeVariant() }
	w.view = newView(w.window.Canvas(), variant, w.do, w.type_, w.pictureAt)
	cfg.App.Settings().AddListener(func(fyne.Settings) { w.view.redraw() })
	w.draw()
	w.view.onFirstFrame(func(f func()) { w.ui(f) }, func() {
		cfg.Log.Info("the window is shown", "event", "window", "ms", w.since())
	})
	return w
}

// Show shows the window and starts to work. Call it on the UI goroutine, before
// the app's Run.
func (w *Window) Show() {
	w.window.Show()
	w.connect(w.chosen)
}

func (w *Window) since() int64 { return w.cfg.Now().Sub(w.begun).Milliseconds() }

// connect asks for a client that keeps its secrets at s, and follows it.
func (w *Window) connect(s Storage) {
	w.chosen = s
	w.facts.Storage, w.facts.AskKeyFile, w.facts.AskStorage = nil, false, false
	w.facts.Connected, w.client, w.state = false, nil, auth.State{}
	if w.end != nil {
		w.end()
	}
	ctx, end := context.WithCancel(w.ctx)
	w.end = end
	w.draw()
	go func() {
		client, err := w.cfg.Connect(ctx, s)
		if err == nil {
			go client.Run(ctx)
		}
		w.ui(func() { w.connected(s, client, err) })
		if err == nil {
			w.follow(ctx, client)
		}
	}()
}

func (w *Window) connected(s Storage, client *auth.Client, err error) {
	if err != nil {
		k, _ := problem.Of(err)
		w.cfg.Log.Warn("the sign-in cannot be kept there", "event", "storage", "code", string(k))
		w.facts.Storage, w.facts.AskKeyFile = err, s.Keep == InKeyFile
		if s.Keep == InKeychain {
			w.keychain = err
		}
		if s.Keep == InKeyFile {
			w.facts.KeyFile = s.KeyFile
		}
	} else {
		w.client, w.facts.Connected = client, true
		w.facts.InMemory = s.Keep == InMemory
		if s.Keep == InKeyFile {
			w.cfg.App.Preferences().SetString(prefKeyFile, s.KeyFile)
		}
	}
	w.draw()
}

// follow draws each state of client, by one fyne.Do. It is not on the UI
// goroutine.
func (w *Window) follow(ctx context.Context, client *auth.Client) {
	for s := range client.States(ctx) {
		w.ui(func() { w.changed(client, s) })
	}
}

func (w *Window) changed(client *auth.Client, s auth.State) {
	if w.client != client {
		return // another one has been chosen
	}
	if s.Phase != w.state.Phase || w.picture.address == "" && s.Phase == auth.Starting {
		k, _ := problem.Of(s.Err)
		w.cfg.Log.Info("the phase is "+s.Phase.String(), "event", "phase", "phase", s.Phase.String(), "ms", w.since(), "code", string(k))
		w.facts.Menu, w.facts.Copied = false, doNothing
	}
	if w.state.Phase == auth.SigningIn && s.Phase != auth.SigningIn {
		w.facts.Asked = false
	}
	if s.Phase == auth.SignedIn && s.LastWorkspace != "" && LastWorkspace(w.cfg.App) != s.LastWorkspace {
		w.cfg.App.Preferences().SetString(prefWorkspace, s.LastWorkspace)
	}
	if s.Phase == auth.SignedIn || s.Phase == auth.Revoked {
		w.facts.Input = s.LastWorkspace
	}
	w.state = s
	w.fetch()
	w.draw()
}

// fetch gets the picture of the person that is shown, once.
func (w *Window) fetch() {
	address := ""
	if w.state.Person != nil {
		address = w.state.Person.Picture
	}
	if address == w.picture.address {
		return
	}
	w.picture = fetched{address: address}
	if address == "" {
		return
	}
	go func() {
		img, err := fetchPicture(w.ctx, w.cfg.HTTPClient, address)
		if err != nil {
			w.cfg.Log.Info("the picture is not shown", "event", "picture", "error", err)
			return
		}
		w.ui(func() {
			if w.picture.address == address {
				w.picture.img = img
				w.view.redraw()
			}
		})
	}()
}

func (w *Window) pictureAt(address string) image.Image {
	if address == "" || w.picture.address != address {
		return nil
	}
	return w.picture.img
}

func (w *Window) draw() {
	w.facts.Now = w.cfg.Now()
	w.view.show(pageFor(w.texts, w.state, w.facts))
}

// type_ takes in what was typed into the field. It draws nothing.
func (w *Window) type_(text string) {
	if w.view.shown.Kind == keyFile {
		w.facts.KeyFile = text
		return
	}
	w.facts.Input = text
}

// do does what the person asked for.
func (w *Window) do(a act) {
	switch a {
	case doMenu:
		w.facts.Menu = !w.facts.Menu
	case doCopyCode:
		if w.state.DeviceCode != nil {
			w.cfg.App.Clipboard().SetContent(w.state.DeviceCode.UserCode)
			w.facts.Copied = a
		}
	case doCopyDetails:
		w.cfg.App.Clipboard().SetContent(w.view.shown.Details)
		w.facts.Copied = a
	case doStorage:
		w.facts.AskStorage, w.facts.AskKeyFile, w.facts.Storage = true, false, w.keychain
	case doAskKeyFile:
		w.facts.AskKeyFile = true
	case doKeyFile:
		w.useKeyFile()
		return
	case doMemory:
		w.connect(Storage{Keep: InMemory})
		return
	case doKeychain:
		w.connect(Storage{})
		return
	case doConnect:
		w.connect(w.chosen)
		return
	case doDismiss:
		if w.facts.AskStorage && w.client != nil {
			w.facts.AskStorage = false
			break
		}
		w.ask(a)
	default:
		w.ask(a)
	}
	w.draw()
}

func (w *Window) useKeyFile() {
	file := strings.TrimSpace(w.facts.KeyFile)
	if file == "" {
		w.facts.Storage = problem.New(problem.BadRequest)
		w.draw()
		return
	}
	w.connect(Storage{Keep: InKeyFile, KeyFile: file})
}

// ask passes on what only the client can do. Its answer is a state.
func (w *Window) ask(a act) {
	client, where := w.client, w.facts.Input
	if client == nil {
		return
	}
	if where == "" {
		where = w.state.LastWorkspace
	}
	if w.state.Phase == auth.SigningIn && w.state.Workspace != nil && w.state.LastWorkspace != "" {
		where = w.state.LastWorkspace // it goes on, wherever it was begun
	}
	method := w.state.Method
	do := map[act]func(){
		doSignIn:           func() { _ = client.SignIn(w.ctx, where) },
		doSignInMicrosoft:  func() { _ = client.SignInWith(w.ctx, where, auth.Microsoft) },
		doSignInSAML:       func() { _ = client.SignInWith(w.ctx, where, auth.SAML) },
		doSignInWithCode:   func() { _ = client.SignInWithCode(w.ctx, where) },
		doOpenAgain:        func() { _ = client.SignInWith(w.ctx, where, method) },
		doCancel:           func() { client.Cancel() },
		doDismiss:          func() { _ = client.Dismiss(w.ctx) },
		doRetry:            func() { _ = client.Retry(w.ctx) },
		doSignOut:          func() { _ = client.SignOut(w.ctx, auth.ThisDevice) },
		doSignOutAll:       func() { _ = client.SignOut(w.ctx, auth.AllDevices) },
		doSignOutMicrosoft: func() { _ = client.SignOut(w.ctx, auth.MicrosoftToo) },
	}[a]
	switch a {
	case doSignIn, doSignInMicrosoft, doSignInSAML, doSignInWithCode, doOpenAgain, doRetry:
		w.facts.Asked = true
	}
	if do != nil {
		go do()
	}
}

package entratest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// listen opens the three listeners and starts serving on them.
func (e *Entra) listen() error {
	var err error
	if e.browser, err = listenLoopback(e.opt.BrowserAddr); err != nil {
		return fmt.Errorf("entratest: listening for browsers: %w", err)
	}
	if e.secure, err = listenLoopback(""); err != nil {
		return fmt.Errorf("entratest: listening for https: %w", err)
	}
	if e.proxy, err = listenLoopback(e.opt.ProxyAddr); err != nil {
		return fmt.Errorf("entratest: listening for the proxy: %w", err)
	}
	e.core.browserURL = "http://localhost:" + port(e.browser)
	e.core.serverURL = "https://localhost:" + port(e.secure)
	e.terminated = newHandoff(e.proxy.Addr())

	pages := e.core.recorded("browser", e.core.pages())
	endpoints := e.core.endpoints()
	e.serve(e.browser, pages, nil)
	// Browsers try [::1] for localhost as well. Taking the same port there
	// keeps other programs from answering in our place; a machine without
	// IPv6 does without.
	if six, err := net.Listen("tcp6", net.JoinHostPort("::1", port(e.browser))); err == nil {
		e.serve(six, pages, nil)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{e.ca.leaf}, MinVersion: tls.VersionTLS12}
	e.serve(e.secure, e.core.recorded("https", endpoints), conf)
	e.serve(e.terminated, e.core.recorded("proxy", endpoints), conf)
	e.serve(e.proxy, http.HandlerFunc(e.forward), nil)
	return nil
}

func listenLoopback(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if !loopbackHost(host) {
		return nil, fmt.Errorf("%s is not a loopback address: a local Entra must not be reachable from elsewhere", addr)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return net.Listen("tcp", net.JoinHostPort(host, p))
}

func port(l net.Listener) string {
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		panic(err) // a listener's own address
	}
	return p
}

// serve runs a server on l until Close. With conf it speaks TLS.
func (e *Entra) serve(l net.Listener, h http.Handler, conf *tls.Config) {
	if conf != nil {
		conf = conf.Clone() // net/http writes into it
	}
	s := &http.Server{
		Handler:           h,
		TLSConfig:         conf,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return e.ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // clients that distrust the CA are none of ours
	}
	e.servers = append(e.servers, s)
	go func() {
		// Serving ends with Close; there is nobody to tell about it.
		if conf != nil {
			_ = s.ServeTLS(l, "", "")
			return
		}
		_ = s.Serve(l)
	}()
}

// forward is the proxy. CONNECT to a Microsoft host ends here; to loopback it
// is a plain tunnel, so that HTTPS_PROXY may stay set for everything.
func (e *Entra) forward(w http.ResponseWriter, r *http.Request) {
	target := r.Host
	if r.Method != http.MethodConnect {
		target = r.URL.Host
	}
	host, p, err := net.SplitHostPort(target)
	if err != nil {
		host, p = target, "80"
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case r.Method == http.MethodConnect && isMicrosoft(host) && p == "443":
		e.terminate(w)
	case r.Method == http.MethodConnect && loopbackHost(host):
		e.tunnel(w, net.JoinHostPort(strings.Trim(host, "[]"), p))
	case r.Method != http.MethodConnect && r.URL.Scheme == "http" && loopbackHost(host):
		rp := &httputil.ReverseProxy{
			Rewrite:   func(*httputil.ProxyRequest) {},
			Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true},
			ErrorLog:  log.New(io.Discard, "", 0),
		}
		rp.ServeHTTP(w, r)
	default:
		e.core.refused(r, host)
		http.Error(w, "entratest refuses to reach "+host+": nothing leaves this machine.", http.StatusForbidden)
	}
}

// terminate answers CONNECT and hands the connection to our own TLS server.
func (e *Entra) terminate(w http.ResponseWriter) {
	conn, ok := established(w)
	if !ok {
		return
	}
	if !e.terminated.put(conn) {
		_ = conn.Close()
	}
}

// tunnel copies bytes between the client and a loopback server until either ends.
func (e *Entra) tunnel(w http.ResponseWriter, addr string) {
	up, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(e.ctx, "tcp", addr)
	if err != nil {
		http.Error(w, "entratest: "+err.Error(), http.StatusBadGateway)
		return
	}
	conn, ok := established(w)
	if !ok {
		_ = up.Close()
		return
	}
	stop := context.AfterFunc(e.ctx, func() { _ = conn.Close(); _ = up.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(up, conn); closeWrite(up) })
	both.Go(func() { _, _ = io.Copy(conn, up); closeWrite(conn) })
	both.Wait()
	_, _ = conn.Close(), up.Close()
}

// established takes the connection over and says 200. The client speaks only
// after that, so nothing can be left in the server's buffer.
func established(w http.ResponseWriter) (net.Conn, bool) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "entratest: this connection can't become a tunnel", http.StatusHTTPVersionNotSupported)
		return nil, false
	}
	if buf.Reader.Buffered() > 0 {
		_ = conn.Close() // it spoke too early, and what it said would be lost
		return nil, false
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return nil, false
	}
	return conn, true
}

func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func isMicrosoft(host string) bool { return slices.Contains(microsoftHosts, host) }

// loopbackHost accepts localhost and literal loopback addresses, and no name
// that merely resolves to one.
func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

// handoff is a listener whose connections come from the proxy.
type handoff struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHandoff(addr net.Addr) *handoff {
	return &handoff{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

func (h *handoff) put(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.done:
		return false
	}
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handoff) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handoff) Addr() net.Addr { return h.addr }

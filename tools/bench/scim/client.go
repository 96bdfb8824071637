//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// client is one connection, with as little around it as can be: it shares the
// cores with the server it measures.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body bytes.Buffer
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// do sends one request and reads the whole answer into c.body.
func (c *client) do(method, path, token string, body []byte) (status int, err error) {
	b := append(c.out[:0], method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "...)
	b = append(b, token...)
	b = append(b, "\r\nAccept: application/scim+json\r\n"...)
	if body != nil {
		b = append(b, "Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, body...)
	c.out = b
	if _, err := c.conn.Write(b); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	c.body.Reset()
	_, err = io.Copy(&c.body, res.Body)
	return res.StatusCode, err
}

// must is do for what has to be answered so; it returns the document.
func (c *client) must(status int, method, path, token string, body []byte) (map[string]any, error) {
	got, err := c.do(method, path, token, body)
	if err != nil {
		return nil, err
	}
	if got != status {
		return nil, fmt.Errorf("%s %s: %d where %d is due: %.500s", method, path, got, status, c.body.Bytes())
	}
	if c.body.Len() == 0 {
		return nil, nil
	}
	var doc map[string]any
	return doc, json.Unmarshal(c.body.Bytes(), &doc)
}

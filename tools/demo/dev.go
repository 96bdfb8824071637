//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// world is what `lanyardd dev --json` tells of itself.
type world struct {
	Server      string            `json:"server"`
	Workspace   string            `json:"workspace"`
	Users       []person          `json:"users"`
	State       string            `json:"state"`
	Environment map[string]string `json:"environment"`
}

type person struct {
	UserPrincipalName string `json:"user_principal_name"`
	Password          string `json:"password"`
	Name              string `json:"name"`
}

// env is what a program needs so that this Entra is Microsoft to it.
func (w world) env() []string {
	var env []string
	for k, v := range w.Environment {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	return env
}

// who finds a person by the first part of their user principal name.
func (w world) who(name string) (person, error) {
	for _, p := range w.Users {
		if strings.HasPrefix(p.UserPrincipalName, name+"@") {
			return p, nil
		}
	}
	return person{}, fmt.Errorf("lanyardd dev made no %s", name)
}

// startWorld starts the server beside a local Entra and waits until everybody
// is provisioned.
func startWorld(ctx context.Context, l *lab.Lab, lanyardd string) (*lab.Process, world, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("a minute went by"))
	defer cancel()
	p, err := l.Start(nil, nil, lanyardd, "dev", "--json")
	if err != nil {
		return nil, world{}, err
	}
	line, err := p.Await(ctx, 0, "lanyardd dev to be ready", func(line string) bool { return strings.HasPrefix(line, "{") })
	if err != nil {
		return nil, world{}, err
	}
	var w world
	if err := json.Unmarshal([]byte(line), &w); err != nil {
		return nil, world{}, fmt.Errorf("reading what lanyardd dev printed: %w", err)
	}
	return p, w, nil
}

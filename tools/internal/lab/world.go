//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// World is what `lanyardd dev --json` tells of itself.
type World struct {
	Server      string            `json:"server"`
	Workspace   string            `json:"workspace"`
	Users       []Person          `json:"users"`
	State       string            `json:"state"`
	Environment map[string]string `json:"environment"`
}

// Person is somebody whom lanyardd dev made up.
type Person struct {
	UserPrincipalName string `json:"user_principal_name"`
	Password          string `json:"password"`
	Name              string `json:"name"`
}

// Env is what a program needs so that this Entra is Microsoft to it.
func (w World) Env() []string {
	var env []string
	for k, v := range w.Environment {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	return env
}

// Who finds a person by the first part of their user principal name.
func (w World) Who(name string) (Person, error) {
	for _, p := range w.Users {
		if strings.HasPrefix(p.UserPrincipalName, name+"@") {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("lanyardd dev made no %s", name)
}

// StartWorld starts the server beside a local Entra and waits until everybody
// is provisioned. The flags are lanyardd dev's.
func (l *Lab) StartWorld(ctx context.Context, lanyardd string, flags ...string) (*Process, World, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("a minute went by"))
	defer cancel()
	p, err := l.Start(nil, nil, lanyardd, append([]string{"dev", "--json"}, flags...)...)
	if err != nil {
		return nil, World{}, err
	}
	line, err := p.Await(ctx, 0, "lanyardd dev to be ready", func(line string) bool { return strings.HasPrefix(line, "{") })
	if err != nil {
		return nil, World{}, err
	}
	var w World
	if err := json.Unmarshal([]byte(line), &w); err != nil {
		return nil, World{}, fmt.Errorf("reading what lanyardd dev printed: %w", err)
	}
	return p, w, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"
)

type execute struct {
	Lasts   time.Duration `name:"for" help:"How long the key works at most." default:"1h"`
	Scopes  []string      `help:"What the key may do." default:"spend"`
	Command []string      `arg:"" passthrough:"" help:"The program and its arguments, after --."`
}

// Run makes a key of one agent, gives it to a program, and revokes it when the
// program ends. The exit status is the program's.
func (c execute) Run(a *app) error {
	if a.Agent == "" {
		return usage("which agent? Name it with --agent, or set PURSER_AGENT.")
	}
	command := c.Command
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return usage("which program? Name it after --.")
	}
	id, key, err := c.key(a)
	if err != nil {
		return err
	}
	runErr := a.child(command, key)
	if err := a.revoke(id); err != nil {
		return errors.Join(runErr, fmt.Errorf("the key %s could not be revoked, and works until it ends: %w", id, err))
	}
	return runErr
}

func (c execute) key(a *app) (id, key string, err error) {
	call := a.request(a.Agent, nil, map[string]any{"name": "purser exec", "scopes": c.Scopes,
		"expires_at": time.Now().Add(c.Lasts).UTC().Format(time.RFC3339)})
	call.Agent = "" // it is in the path
	answer, err := a.ask(call)
	if err != nil {
		return "", "", err
	}
	var made struct{ ID, Key string }
	err = answer.Decode(&made)
	return made.ID, made.Key, err
}

// child runs the program with the key in its environment, and none of the
// caller's own.
func (a *app) child(command []string, key string) error {
	program := exec.CommandContext(a.ctx, command[0], command[1:]...)
	program.Stdin, program.Stdout, program.Stderr = a.in, a.out, a.problems
	program.Cancel = func() error { return program.Process.Signal(os.Interrupt) }
	program.WaitDelay = 10 * time.Second
	program.Env = append(os.Environ(), "PURSER_API_KEY="+key, "PURSER_SERVER="+first(a.Server, a.profile.Server, defaultServer), "PURSER_AGENT="+a.Agent)
	err := program.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() >= 0 {
		return outcome(ended.ExitCode())
	}
	return err
}

// revoke also works when the program was interrupted.
func (a *app) revoke(id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), 30*time.Second)
	defer cancel()
	after := *a
	after.ctx, after.Agent = ctx, ""
	_, err := after.call(http.MethodDelete, "/v1/api-keys/"+url.PathEscape(id), nil)
	return err
}

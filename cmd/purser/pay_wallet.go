package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/x402"
)

// order is what a wallet is told on its standard input. It may check the token
// offline, as any processor can.
type order struct {
	Version    int              `json:"x402Version"`
	Resource   x402.Object      `json:"resource,omitempty"`
	Accepted   x402.Requirement `json:"accepted"`
	Extensions x402.Object      `json:"extensions,omitempty"`
	Purser     orderOf          `json:"purser"`
}

type orderOf struct {
	Authorization string `json:"authorization"`
	Token         string `json:"token"`
	ExpiresAt     string `json:"expires_at"`
}

// maxSigned bounds what a wallet may write, in bytes.
const maxSigned = 64 << 10

// walletWords are the program and its arguments: of the flag, the environment
// or the profile. A path with spaces in it is a program without arguments.
func (p *payer) walletWords() []string {
	line := first(p.Wallet, p.profile.Wallet)
	if _, err := os.Stat(line); err == nil {
		return []string{line}
	}
	return strings.Fields(line)
}

// sign has the wallet sign, and checks that it pays what was selected.
func (p *payer) sign(o order, until time.Time) (x402.Payload, error) {
	told, err := json.Marshal(o)
	if err != nil {
		return x402.Payload{}, err
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.Timeout)
	defer cancel()
	words := p.walletWords()
	var out limited
	program := exec.CommandContext(ctx, words[0], words[1:]...)
	program.Stdin, program.Stdout, program.Stderr = bytes.NewReader(told), &out, p.problems
	program.Env = withoutKey(os.Environ())
	program.WaitDelay = time.Second
	if err := program.Run(); err != nil {
		return x402.Payload{}, fmt.Errorf("the wallet did not sign: %w", err)
	}
	payload, err := x402.ReadPayload(out.Bytes())
	if err != nil {
		return x402.Payload{}, err
	}
	return payload, payload.Pays(o.Accepted, until)
}

// withoutKey keeps the caller's key from a program that needs none.
func withoutKey(environ []string) []string {
	kept := make([]string, 0, len(environ))
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "PURSER_API_KEY=") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// limited is a buffer that takes no more than a payload may be long.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxSigned {
		return 0, errors.New("the wallet writes too much")
	}
	return l.Buffer.Write(b)
}

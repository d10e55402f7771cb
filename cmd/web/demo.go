package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/getpurser/purser/internal/demo"
	"github.com/getpurser/purser/internal/ident"
)

// serveDemo fills the installation with the demo company, unless it is there,
// and serves. It is for a machine of one's own: anybody who can sign in with an
// address of the demo would be its owner.
func serveDemo(ctx context.Context, environ []string, out, logs io.Writer) error {
	return serveAfter(ctx, environ, out, logs, func(ctx context.Context, h house, f features) error {
		if !h.Loopback {
			return wrong("BASE_URL", "is public (%s), and the demo is for this machine only", h.BaseURL)
		}
		filled, err := demo.Fill(ctx, h.pool, f.access)
		if err != nil {
			return fmt.Errorf("fill the demo company: %w", err)
		}
		if err := demoCards(ctx, h, f); err != nil {
			return fmt.Errorf("fill the demo company: %w", err)
		}
		_, err = io.WriteString(out, introduce(h, filled))
		return err
	})
}

// demoCards plays the demo's cards through a gate of its own, which ends before
// the server's begins.
func demoCards(ctx context.Context, h house, f features) error {
	within, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	defer ended.Wait()
	defer stop()
	gate := f.newGate(h)
	ended.Go(func() { gate.Run(within) })
	rail, _, err := newCards(h, gate)
	if err != nil {
		return err
	}
	return demo.Cards(ctx, h.pool, f.companies, rail)
}

// introduce says how to look at the company.
func introduce(h house, f demo.Filled) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Demo company  %s (%s)\n", f.Name, ident.Format(ident.Company, f.Company.Company))
	fmt.Fprintf(&b, "Sign in       %s/sign-in as %s", h.BaseURL, f.Owner)
	if h.SMTPURL == "" && !h.Clerk.On() {
		fmt.Fprintf(&b, "; the link arrives at %s/dev/mail", h.BaseURL)
	}
	b.WriteString("\n")
	if f.Existed {
		b.WriteString("Spend keys    were shown when the company was made; make others in its settings\n")
		return b.String()
	}
	fmt.Fprintf(&b, "Spend keys    shown this once, for live and for test mode:\n  %s\n  %s\n", f.LiveKey, f.TestKey)
	return b.String()
}

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// simulatedDays are the times that can be simulated, by what the button sends.
var simulatedDays = map[string]int{"30": 30, "90": 90}

// longestSimulation bounds a simulation.
const longestSimulation = 5 * time.Minute

// simulateInPage is how it goes without scripts: the answer is the whole page,
// when it is there.
func (v *visit) simulateInPage(d views.PolicyDraft, agents []uuid.UUID, days string) error {
	c, wrong := v.typedContent(d, agents)
	if d.Errors = wrong; wrong.Any() {
		return v.showEditor(http.StatusUnprocessableEntity, d, agents)
	}
	ctx, stop := v.lasting(longestSimulation)
	defer stop()
	result, err := v.simulate(ctx, d, c, days, nil)
	if err != nil {
		if d.Errors, err = policyTroubles(err); err != nil {
			return err
		}
		return v.showEditor(http.StatusUnprocessableEntity, d, agents)
	}
	d.Simulated = &result
	return v.showEditor(http.StatusOK, d, agents)
}

// simulateStreamed tells how far it is, line by line, and ends with the part of
// the page that says the result. Nothing is kept for it on the server: when the
// browser leaves, it ends.
func (v *visit) simulateStreamed() error {
	form, err := v.FormParams()
	if err != nil {
		return fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	d, agents := typedPolicy(form)
	if d.Original, err = v.typedOriginal(form.Get("policy")); err != nil {
		return err
	}
	_, days, _ := strings.Cut(form.Get("do"), ":")
	c, wrong := v.typedContent(d, agents)
	if d.Errors = wrong; wrong.Any() {
		return v.show(http.StatusUnprocessableEntity, views.SimulationRefused(d))
	}
	ctx, stop := v.lasting(longestSimulation)
	defer stop()
	lines := v.lines()
	result, err := v.simulate(ctx, d, c, days, lines.progress)
	if err != nil {
		f, status := api.Face(err)
		if status >= http.StatusInternalServerError {
			v.web.log.ErrorContext(ctx, "a simulation failed", "error", err)
		}
		return lines.end(ctx, views.FailurePart(views.Failure{Status: status, Text: f.Text}))
	}
	return lines.end(ctx, views.SimulationPart(v.frame, result))
}

// typedOriginal is the policy that a form is about; none of a new one.
func (v *visit) typedOriginal(text string) (*policy.Policy, error) {
	if text == "" {
		return nil, nil
	}
	id, ok := ident.Parse(ident.Policy, text)
	if !ok {
		return nil, fault.Missing("policy")
	}
	p, err := v.web.policies.Get(v.ctx(), v.tenant(), id)
	return &p, err
}

// simulate waits for the company's turn and replays its past with the draft.
func (v *visit) simulate(ctx context.Context, d views.PolicyDraft, c policy.Content, days string, progress func(done, total int)) (views.SimulationResult, error) {
	n, ok := simulatedDays[days]
	if !ok {
		return views.SimulationResult{}, fault.New(fault.Malformed, "malformed_form", "The form has no such button.")
	}
	leave, err := v.web.simulations.enter(ctx, v.tenant().Company)
	if err != nil {
		return views.SimulationResult{}, err
	}
	defer leave()
	to := time.Now()
	trial := policy.Trial{Content: c, From: to.AddDate(0, 0, -n), To: to, Progress: progress}
	if d.Original != nil {
		trial.Replaces = &d.Original.ID
	}
	s, err := v.web.policies.Simulate(ctx, v.tenant(), trial)
	if err != nil {
		return views.SimulationResult{}, err
	}
	var agents []uuid.UUID
	for _, flip := range s.Flips {
		agents = append(agents, flip.Agent)
	}
	handles, err := v.handles(agents...)
	return views.SimulationResult{Days: n, Result: s, Handles: handles}, err
}

// lasting is a context for what takes longer than a page may: it ends when the
// browser leaves, when the server shuts down, or with the time.
func (v *visit) lasting(most time.Duration) (context.Context, context.CancelFunc) {
	v.allow(most + time.Minute)
	ctx, cancel := context.WithTimeout(v.ctx(), most)
	go func() {
		select {
		case <-v.web.draining: // nil waits for ever
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// progressLines is an answer that tells how far it is: lines of JSON, of which
// the last holds the part of the page.
type progressLines struct {
	out   *echo.Response
	begun bool
}

func (v *visit) lines() *progressLines { return &progressLines{out: v.Response()} }

func (p *progressLines) progress(done, total int) {
	p.line(map[string]any{"done": done, "total": total})
}

// end sends the part.
func (p *progressLines) end(ctx context.Context, part templ.Component) error {
	var html bytes.Buffer
	if err := part.Render(ctx, &html); err != nil {
		return err
	}
	p.line(map[string]any{"html": html.String()})
	return nil
}

// line sends one. Who is no longer there misses it: the context says so to the
// work.
func (p *progressLines) line(value map[string]any) {
	if !p.begun {
		p.begun = true
		h := p.out.Header()
		h.Set(echo.HeaderContentType, "application/x-ndjson")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
		p.out.WriteHeader(http.StatusOK)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return // numbers and a text: it cannot fail
	}
	if _, err := p.out.Write(append(text, '\n')); err == nil {
		p.out.Flush()
	}
}

// indented is JSON as people read it.
func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

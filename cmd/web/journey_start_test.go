package main

import (
	"strings"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// starts is somebody's first visit: from an address to the first green
// authorization, which the page shows by itself.
func (o *town) starts() {
	w := o.window(browsertest.Look{})
	key := o.guided(w, "founder@start.test")
	o.sends(key)
	w.Until("the first authorization, by itself", `document.querySelector("[data-arrived]")`)
	o.finishes(w)
}

// startsPlainly is the same where no script runs.
func (o *town) startsPlainly() {
	w := o.window(browsertest.Look{NoScript: true})
	key := o.guided(w, "founder@plain.test")
	o.sends(key)
	w.Go("#arrival a[href='/welcome']")
	if !w.Has("[data-arrived]") {
		o.t.Errorf("it does not show the first request: %s", w.Text("main"))
	}
	o.finishes(w)
}

// guided goes through the guide up to the key, which it gives.
func (o *town) guided(w *browsertest.Window, email string) string {
	o.signIn(w, email)
	w.At("/welcome")
	w.Type("input[name=name]", "Start Ltd")
	w.Go("form[action='/welcome/company'] button")
	w.Type("input[name=handle]", "first-bot")
	w.Type("input[name=name]", "First bot")
	w.Go("form[action='/welcome/agent'] button")
	w.Tab("input[name=preset]")
	w.Press(browsertest.Down)
	w.Go("form[action='/welcome/policy'] button")
	w.Go("form[action='/welcome/key'] button")
	key := w.Text("#secret")
	if curl := w.Text("#curl"); !strings.HasPrefix(key, "ag_test_") || !strings.Contains(curl, key) {
		o.t.Fatalf("the key is %q, the command %q", key, curl)
	}
	return key
}

// sends does what the page's command does.
func (o *town) sends(key string) {
	o.t.Helper()
	a := o.api("X-API-Key", key).must("POST", "/v1/authorize", `{"agent":"first-bot","amount":5,"currency":"usd","merchant":{"name":"Example Shop"}}`)
	if a.field(o.t, "decision") != "APPROVED" {
		o.t.Errorf("the first request: %s", a.body)
	}
}

func (o *town) finishes(w *browsertest.Window) {
	o.t.Helper()
	if said := w.Text("[data-arrived]"); !strings.Contains(said, "5.00 USD at Example Shop") {
		o.t.Errorf("it says %q", said)
	}
	w.Go("#arrival form[action='/welcome/leave'] button")
	w.At("/overview")
	w.Says("Overview")
}

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// everyTool is what a model may do. There is none to approve, to change a
// policy or to unfreeze, and there never is one.
var everyTool = []string{"authorize_spend", "check_spend", "confirm_spend", "explain_decision", "get_budget", "list_policies", "void_spend", "wait_for_decision"}

// TestModelsAskBeforeTheySpend has official clients of the Model Context
// Protocol list and call every tool, over HTTP and over standard input and
// output, while a person approves in a browser.
func TestModelsAskBeforeTheySpend(t *testing.T) {
	o, ok := newTown(t)
	if !ok {
		return
	}
	program, err := cli()
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]func(*testing.T, mcpServer) mcpClient{"npm": official, "go": ours} {
		for _, transport := range []string{"http", "stdio"} {
			t.Run(name+" "+transport, func(t *testing.T) {
				f := (&town{t: t, url: o.url, browser: o.browser}).newFirm(name+transport, asksAbove100)
				key := f.api("Authorization", "Bearer "+f.token).must("POST", "/v1/agents/buyer/credentials", `{"name":"a model"}`).field(t, "key")
				at := mcpServer{URL: o.url + "/mcp", Key: key}
				if transport == "stdio" {
					at = mcpServer{Command: program, Args: []string{"mcp"}, Env: map[string]string{"PURSER_SERVER": o.url, "PURSER_API_KEY": key, "PURSER_CONFIG_DIR": t.TempDir()}}
				}
				if ask := client(t, at); ask != nil {
					f.asAModel(ask)
				}
			})
		}
	}
	o.refusesStrangers()
}

// asAModel calls every tool once or more.
func (f *firm) asAModel(ask mcpClient) {
	f.t.Helper()
	call := func(tool string, arguments map[string]any) map[string]any {
		f.t.Helper()
		a := ask(question{Tool: tool, Arguments: arguments})
		if a.Failed != "" || a.IsError || a.StructuredContent == nil {
			f.t.Fatalf("%s: %+v", tool, a)
		}
		return a.StructuredContent
	}
	var names []string
	for _, tool := range ask(question{List: true}).Tools {
		names = append(names, tool.Name)
	}
	if slices.Sort(names); !slices.Equal(names, everyTool) {
		f.t.Fatalf("the tools are %q", names)
	}
	if b := call("get_budget", nil); b["agent"] == "" {
		f.t.Errorf("%v", b)
	}
	if text := ask(question{Read: "purser://policies"}).Text; !strings.Contains(text, "Denies any single payment above 5,000.00 USD.") {
		f.t.Errorf("the resource says %q", text)
	}
	if p := call("list_policies", nil)["policies"].([]any); len(p) != 1 || len(p[0].(map[string]any)["sentences"].([]any)) < 2 {
		f.t.Errorf("%v", p)
	}
	if text := ask(question{Prompt: "spend_rules"}).Text; !strings.Contains(text, "authorize_spend") {
		f.t.Errorf("the prompt says %q", text)
	}
	if c := call("check_spend", map[string]any{"amount": "40", "currency": "usd", "merchant": "AWS"}); c["decision"] != "APPROVED" || c["id"] != nil {
		f.t.Errorf("%v", c)
	}
	paid := call("authorize_spend", map[string]any{"amount": "40", "currency": "usd", "merchant": "AWS"})
	if done := call("confirm_spend", map[string]any{"id": paid["id"], "reference": "inv-1"}); done["status"] != "confirmed" {
		f.t.Errorf("%v", done)
	}
	f.asksAPerson(call)
	if denied := call("authorize_spend", map[string]any{"amount": "9000", "currency": "usd", "merchant": "AWS"}); denied["decision"] != "DENIED" || denied["remedies"] == nil {
		f.t.Errorf("%v", denied)
	}
	if wrong := ask(question{Tool: "authorize_spend", Arguments: map[string]any{"amount": "1.999", "currency": "usd", "merchant": "AWS"}}); !wrong.IsError || !strings.Contains(wrong.Content[0].Text, "Correct the arguments") {
		f.t.Errorf("%+v", wrong)
	}
}

// asksAPerson has a hold approved in a browser while the tool waits.
func (f *firm) asksAPerson(call func(string, map[string]any) map[string]any) {
	f.t.Helper()
	held := call("authorize_spend", map[string]any{"amount": "249.90", "currency": "usd", "merchant": "Chair & Table", "purpose": "a chair"})
	if held["status"] != "held" {
		f.t.Fatalf("%v", held)
	}
	told := make(chan map[string]any, 1)
	go func() { told <- call("wait_for_decision", map[string]any{"id": held["id"], "seconds": 60}) }()
	w := f.at("/approvals", f.token, browsertest.Look{NoScript: true})
	w.Says("249.90 USD to Chair & Table")
	w.Go("[data-approve]")
	w.Says("Approved 249.90 USD to Chair & Table")
	waited := <-told
	if waited["decision"] != "APPROVED" || strings.Count(waited["token"].(string), ".") != 2 {
		f.t.Errorf("the tool heard %v", waited)
	}
	if e := call("explain_decision", map[string]any{"id": held["id"]}); len(e["rules"].([]any)) == 0 {
		f.t.Errorf("%v", e)
	}
	if v := call("void_spend", map[string]any{"id": held["id"], "reason": "bought elsewhere"}); v["status"] != "voided" {
		f.t.Errorf("%v", v)
	}
}

// refusesStrangers is what a message without a key, and one with a dead key,
// get from the running server.
func (o *town) refusesStrangers() {
	for _, key := range []string{"", "Bearer ag_test_nobody"} {
		r, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+"/mcp",
			strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`))
		if err != nil {
			o.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if key != "" {
			r.Header.Set("Authorization", key)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			o.t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
			o.t.Errorf("with %q: %d %q", key, a.StatusCode, a.Header.Get("WWW-Authenticate"))
		}
	}
}

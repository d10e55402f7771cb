package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestEveryEndpointHasACommand holds the command tree against the document that
// the running server serves.
func TestEveryEndpointHasACommand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r, err := http.Get(d.env["PURSER_SERVER"] + "/v3/api-docs")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	var endpoints []string
	for path, methods := range document.Paths {
		for method := range methods {
			if method != "parameters" {
				endpoints = append(endpoints, strings.ToUpper(method)+" "+path)
			}
		}
	}
	parser, err := newParser(&commands{}, world{out: os.Stdout, problems: os.Stderr}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	commanded := endpointsOf(parser.Model.Node)
	commanded = append(commanded, "POST /v1/auth/magic-link", "POST /v1/auth/device/token") // auth login calls these too
	for _, e := range endpoints {
		if !slices.Contains(commanded, e) {
			t.Errorf("%s has no command", e)
		}
	}
	for _, e := range commanded {
		if !slices.Contains(endpoints, e) {
			t.Errorf("a command calls %s, which the server does not have", e)
		}
	}
	if len(endpoints) < 50 {
		t.Errorf("the document has only %d endpoints", len(endpoints))
	}
}

func endpointsOf(n *kong.Node) (all []string) {
	if api := n.Tag; api != nil && api.Get("api") != "" {
		all = append(all, api.Get("api"))
	}
	for _, child := range n.Children {
		all = append(all, endpointsOf(child)...)
	}
	return all
}

const policyDocument = `{"name":"Everyday","rules":[{"type":"transaction_limit","amount":500,"currency":"usd"},
	{"type":"approval_threshold","amount":100,"currency":"usd"},{"type":"limit","period":"month","amount":2000,"currency":"usd"}]}`

// TestADayAtTheTerminal goes from nothing to money spent, denied, held and
// decided, by the command line alone.
func TestADayAtTheTerminal(t *testing.T) {
	t.Parallel()
	d := owner(t, "day@example.com")
	agent := d.read(exitDone, "agents", "create", "buyer", "Buyer", "--metadata=team=ops")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	d.env["PURSER_AGENT"] = "buyer"
	paid := d.read(exitDone, "authorize", "42.50", "usd", "--merchant=AWS", "--mcc=7372", "--purpose=GPU hours")
	if paid["decision"] != "APPROVED" || paid["agent"] != agent["id"] {
		t.Fatalf("%v", paid)
	}
	id := paid["id"].(string)
	if out := d.must(exitDone, "confirm", id, "--amount=40", "--reference=inv-1"); !strings.Contains(out, "confirmed") || !strings.Contains(out, "40.00") {
		t.Errorf("%s", out)
	}
	d.must(exitDone, "confirm", id, "--amount=40", "--reference=inv-1")
	d.must(exitConflict, "void", id)
	d.must(exitDenied, "authorize", "600", "usd", "--merchant=AWS")
	d.must(exitRefused, "authorize", "6.001", "usd", "--merchant=AWS")
	d.must(exitRefused, "authorize", "6", "usd")
	d.must(exitDone, "authorize", "6", "usd", "--merchant=AWS", "--dry-run")
	held := d.read(exitHeld, "authorize", "150", "usd", "--merchant=AWS")
	approval := held["approval"].(map[string]any)["id"].(string)
	d.must(exitMayNot, "approvals", "approve", approval) // what the owner asked for, the owner may not approve
	d.must(exitDone, "approvals", "get", approval)
	if out := d.must(exitDone, "approvals", "list"); !strings.Contains(out, approval) {
		t.Errorf("%s", out)
	}
	d.must(exitConflict, "authorizations", "get", "auth_00000000000000000000000000")
	if out := d.must(exitDone, "budget"); !strings.Contains(out, "1810.00") {
		t.Errorf("2,000 less 40 spent and 150 held is 1,810:\n%s", out)
	}
	all := d.read(exitDone, "authorizations", "list", "--limit=1", "--all")
	if len(all["data"].([]any)) != 3 {
		t.Errorf("%v", all)
	}
	d.must(exitDone, "agents", "freeze")
	d.must(exitDenied, "authorize", "6", "usd", "--merchant=AWS")
}

// TestWhoMayNot and whom nobody answers are told so in one sentence, with exit
// statuses of their own.
func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one := func(status int, want string, args ...string) {
		t.Helper()
		got, out, problems := d.purser(args...)
		if got != status || out != "" || !strings.Contains(problems, want) || strings.Count(strings.TrimSpace(problems), "\n") != 0 {
			t.Errorf("purser %s ended with %d: %s%s", strings.Join(args, " "), got, out, problems)
		}
	}
	one(exitMayNot, "nobody is signed in as profile default: sign in with purser auth login", "company", "get")
	one(exitMayNot, "nobody is signed in", "auth", "token")
	one(exitMayNot, "nobody is signed in", "authorize", "5", "usd", "--merchant=AWS", "--agent=buyer")
	d.env["PURSER_API_KEY"] = "ag_test_nonsense"
	one(exitMayNot, "the API key does not work at "+d.env["PURSER_SERVER"], "agents", "list")
	d.env["PURSER_API_KEY"] = expired
	one(exitMayNot, "the sign-in of profile default is over: sign in again with purser auth login", "agents", "list")
	d.env["PURSER_SERVER"] = "http://127.0.0.1:1"
	one(exitAway, "the server does not answer: dial tcp 127.0.0.1:1", "agents", "list")
	one(exitAway, "the server does not answer", "pay", "http://127.0.0.1:1/")
	d.env["PURSER_SERVER"] = "purser"
	one(exitRefused, "is not the address of a server", "agents", "list")
	d.must(exitRefused, "no-such-command")
}

// expired is a token of a session that is over.
const expired = "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjF9.AAAA"

// TestASignInThatIsOver is what a person meets whose session was ended.
func TestASignInThatIsOver(t *testing.T) {
	t.Parallel()
	d := owner(t, "over@example.com")
	token := strings.TrimSpace(d.must(exitDone, "auth", "token"))
	other := newDesk(t)
	other.env["PURSER_API_KEY"] = token
	other.must(exitDone, "auth", "logout")
	if status, _, problems := d.purser("company", "get"); status != exitMayNot || !strings.Contains(problems, "is over: sign in again") {
		t.Errorf("it ended with %d: %s", status, problems)
	}
}

// TestProfilesAreForTheirOwner checks what is kept on disk, and what a sign-out
// leaves of it.
func TestProfilesAreForTheirOwner(t *testing.T) {
	t.Parallel()
	d := owner(t, "profiles@example.com")
	path := filepath.Join(d.env["PURSER_CONFIG_DIR"], "config.json")
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	token := strings.TrimSpace(d.must(exitDone, "auth", "token"))
	if strings.Count(token, ".") != 2 {
		t.Errorf("%q", token)
	}
	if out := d.must(exitDone, "auth", "status"); !strings.Contains(out, "profiles@example.com") {
		t.Errorf("%s", out)
	}
	d.must(exitDone, "auth", "logout")
	d.must(exitMayNot, "auth", "token")
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), token) {
		t.Errorf("the token is still there: %v", err)
	}
	d.env["PURSER_API_KEY"] = token
	d.must(exitMayNot, "auth", "status")
}

// TestExec runs a program that asks with the key that it was given, which is
// good for nothing afterwards.
func TestExec(t *testing.T) {
	t.Parallel()
	d := owner(t, "exec@example.com")
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	d.env["PURSER_AGENT"] = "buyer"
	out := d.must(exitDone, "exec", "--", "sh", "-c", `printf %s "$PURSER_API_KEY"`)
	if !strings.HasPrefix(out, "ag_test_") {
		t.Fatalf("the program was given %q", out)
	}
	d.must(7, "exec", "--", "sh", "-c", "exit 7")
	if keys := d.read(exitDone, "agents", "credentials", "list", "buyer"); len(keys["data"].([]any)) != 0 {
		t.Errorf("keys are left: %v", keys)
	}
	d.env["PURSER_API_KEY"] = out
	d.must(exitMayNot, "budget")
}

// TestVerifyOffline keeps the key set, and then needs no server.
func TestVerifyOffline(t *testing.T) {
	t.Parallel()
	d := owner(t, "verify@example.com")
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	d.env["PURSER_AGENT"] = "buyer"
	token := d.read(exitDone, "authorize", "42.50", "usd", "--merchant=AWS")["token"].(string)
	denial := d.read(exitDenied, "authorize", "4200", "usd", "--merchant=AWS")["token"].(string)
	d.must(exitRefused, "verify", token, "--test") // no key set yet
	if out := d.must(exitDone, "verify", token, "--test", "--save"); !strings.Contains(out, "42.50 usd to AWS") {
		t.Errorf("%s", out)
	}
	issuer := d.env["PURSER_SERVER"] + "/test"
	d.env["PURSER_SERVER"] = "http://127.0.0.1:1"
	d.must(exitDone, "verify", token, "--test", "--issuer="+issuer)
	d.must(exitDenied, "verify", denial, "--test", "--issuer="+issuer)
	d.must(exitFailed, "verify", token, "--issuer="+issuer) // test mode is not for paying
	d.must(exitFailed, "verify", token[:len(token)-8]+"AAAAAAAA", "--test", "--issuer="+issuer)
}

// TestExport writes the log to a file that is whole, and checks it offline.
func TestExport(t *testing.T) {
	t.Parallel()
	d := owner(t, "export@example.com")
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	path := filepath.Join(t.TempDir(), "log.ndjson")
	d.must(exitDone, "audit", "export", "-o", path)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "agent.created") {
		t.Errorf("%s, %v", text, err)
	}
	d.must(exitRefused, "audit", "export", "-o", path) // it is never overwritten
	d.must(exitDone, "audit", "check")
}

func TestNamesCannotMoveTheCursor(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"AWS": "AWS", "Café Zoë": "Café Zoë", "a\x1b[2Jb": `a\x1b[2Jb`, "a\u202eb": `a\u202eb`, "a\nb": `a\nb`, `say "x"`: `say "x"`} {
		if got := cell(given); got != want {
			t.Errorf("%q is shown as %q, not %q", given, got, want)
		}
	}
}

// TestMCP asks over the protocol, against the real server: over HTTP with a key
// that is bound to an agent.
func TestMCP(t *testing.T) {
	t.Parallel()
	d := owner(t, "mcp@example.com")
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	key := d.read(exitDone, "agents", "credentials", "create", "buyer", "for a model")["key"].(string)
	session := connectMCP(t, d.env["PURSER_SERVER"]+"/mcp", key)
	ask := func(tool string, arguments map[string]any) (map[string]any, bool) {
		t.Helper()
		result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		out, _ := result.StructuredContent.(map[string]any)
		return out, result.IsError
	}
	paid, _ := ask("authorize_spend", map[string]any{"amount": "42.50", "currency": "usd", "merchant": "AWS"})
	if paid["decision"] != "APPROVED" || paid["amount"] != "42.50" {
		t.Fatalf("%v", paid)
	}
	if done, failed := ask("confirm_spend", map[string]any{"id": paid["id"]}); failed || done["status"] != "confirmed" {
		t.Errorf("%v", done)
	}
	held, _ := ask("authorize_spend", map[string]any{"amount": "150", "currency": "usd", "merchant": "AWS"})
	if waited, _ := ask("wait_for_decision", map[string]any{"id": held["id"], "seconds": 1}); waited["status"] != "held" {
		t.Errorf("%v", waited)
	}
	if denied, failed := ask("authorize_spend", map[string]any{"amount": "900", "currency": "usd", "merchant": "AWS"}); failed || denied["decision"] != "DENIED" || denied["remedies"] == nil {
		t.Errorf("%v", denied)
	}
	if _, failed := ask("authorize_spend", map[string]any{"amount": "9.999", "currency": "usd", "merchant": "AWS"}); !failed {
		t.Error("three decimals of usd were taken")
	}
	if budget, _ := ask("get_budget", nil); budget["budgets"].([]any)[0].(map[string]any)["currency"] != "usd" {
		t.Errorf("%v", budget)
	}
}

type keyed struct{ key string }

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+k.key)
	return http.DefaultTransport.RoundTrip(r)
}

func connectMCP(t *testing.T, endpoint, key string) *sdk.ClientSession {
	t.Helper()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: endpoint, DisableStandaloneSSE: true,
		HTTPClient: &http.Client{Transport: keyed{key}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

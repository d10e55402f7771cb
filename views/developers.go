package views

import "strings"

// DevelopersPage is the quickstart with everything filled in.
type DevelopersPage struct {
	Wrong  Errors
	Agents []Option
	Agent  string
	// Secret is a key that was just made, shown this once; Key is it, or what
	// stands in its place.
	Secret, Key string
	// Base is the API's address; Body and Curl the example, in the company's
	// Currency.
	Base, Body, Curl, Currency string
}

// snippet is the example in a language.
type snippet struct{ id, language, text string }

// snippets are the example in the languages that most agents are written in,
// with nothing but what comes with them.
func (p DevelopersPage) snippets() []snippet {
	fill := strings.NewReplacer("BASE", p.Base, "KEY", p.Key, "BODY", p.Body).Replace
	return []snippet{{"curl", "curl", p.Curl}, {"node", "Node.js", fill(nodeExample)},
		{"python", "Python", fill(pythonExample)}, {"go", "Go", fill(goExample)}}
}

const nodeExample = `const answer = await fetch("BASE/v1/authorize", {
  method: "POST",
  headers: {
    "X-API-Key": process.env.PURSER_KEY ?? "KEY",
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  },
  body: JSON.stringify(BODY),
});
const { id, decision, reason, token } = await answer.json();
if (decision === "APPROVED") {
  // Pay with the token, then say that it happened:
  // POST BASE/v1/authorize/${id}/confirm
}
console.log(decision, reason);
`

const pythonExample = `import json, os, urllib.request, uuid

request = urllib.request.Request(
    "BASE/v1/authorize",
    data=json.dumps(BODY).encode(),
    headers={
        "X-API-Key": os.environ.get("PURSER_KEY", "KEY"),
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    },
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(answer["decision"], answer["reason"])
`

const goExample = `package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
)

func main() {
	body := ` + "`BODY`" + `
	request, err := http.NewRequest("POST", "BASE/v1/authorize", strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("X-API-Key", "KEY")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Decision, Reason, Token string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Decision, answer.Reason)
}
`

// confirm is the call that says that a payment happened.
func (p DevelopersPage) confirm() string {
	return "curl -X POST " + p.Base + "/v1/authorize/AUTH_ID/confirm \\\n  -H 'X-API-Key: " + p.Key + "'"
}

// terminal is the example on the command line. The key is in the environment,
// where other users of the machine do not see it.
func (p DevelopersPage) terminal() string {
	return "export PURSER_SERVER=" + p.Base + "\nexport PURSER_API_KEY=" + p.Key + "\n" +
		"purser authorize 5 " + p.Currency + " --merchant=AWS --purpose='GPU hours' --wait\npurser confirm AUTH_ID\n"
}

// mcpHTTP and mcpStdio are what a client of the Model Context Protocol is told,
// for either transport, on one line.
func (p DevelopersPage) mcpHTTP() string {
	return `{"mcpServers": {"purser": {"type": "http", "url": "` + p.Base + `/mcp", "headers": {"Authorization": "Bearer ` + p.Key + `"}}}}`
}

func (p DevelopersPage) mcpStdio() string {
	return `{"mcpServers": {"purser": {"command": "purser", "args": ["mcp"], "env": {"PURSER_SERVER": "` + p.Base + `", "PURSER_API_KEY": "` + p.Key + `"}}}}`
}

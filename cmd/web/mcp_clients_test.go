package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// officialClient is the TypeScript client as its registry has it.
const officialClient = "@modelcontextprotocol/sdk@1.32.2"

// mcpServer is how a client finds the server: over HTTP, or as a program.
type mcpServer struct {
	URL     string            `json:"url,omitempty"`
	Key     string            `json:"key,omitempty"`
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
}

// question is one thing that a client is asked to do, answer what came of it.
type question struct {
	List      bool           `json:"list,omitempty"`
	Tool      string         `json:"tool,omitempty"`
	Arguments map[string]any `json:"arguments,omitempty"`
	Read      string         `json:"read,omitempty"`
	Prompt    string         `json:"prompt,omitempty"`
}

type answer struct {
	Failed             string
	Tools              []struct{ Name string }
	Prompts, Resources []string
	Text               string
	IsError            bool
	StructuredContent  map[string]any
	Content            []struct{ Text string }
}

// mcpClient puts a question to the server.
type mcpClient func(question) answer

// nodeModules has the official client, installed once; "" where it cannot be.
var nodeModules = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(built, "node")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	script, err := os.ReadFile("testdata/mcp_client.mjs")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "client.mjs"), script, 0o600)
	}
	if err != nil {
		return "", err
	}
	out, err := exec.Command("npm", "install", "--prefix", dir, "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--fetch-retries=1", officialClient).CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: string(out), Err: err}
	}
	return dir, err
})

// official runs the TypeScript client; nil where npm or its registry is missing,
// and then the Go client alone shows it.
func official(t *testing.T, s mcpServer) mcpClient {
	t.Helper()
	dir, err := nodeModules()
	if err != nil {
		t.Logf("LEFT OUT: the official client from npm: %v", err)
		return nil
	}
	program := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "client.mjs"))
	program.Stderr = os.Stderr
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = program.Wait()
	})
	lines := bufio.NewReader(out)
	talk := func(v any) (a answer) {
		t.Helper()
		if err := json.NewEncoder(in).Encode(v); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &a)
		}
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		return a
	}
	if a := talk(s); a.Failed != "" {
		return func(question) answer { return a }
	}
	return func(q question) answer { return talk(q) }
}

// ours is the Go client.
func ours(t *testing.T, s mcpServer) mcpClient {
	t.Helper()
	var transport sdk.Transport = &sdk.StreamableClientTransport{Endpoint: s.URL, DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: withKey(s.Key)}}
	if s.Command != "" {
		program := exec.Command(s.Command, s.Args...)
		program.Stderr = os.Stderr
		for name, value := range s.Env {
			program.Env = append(program.Env, name+"="+value)
		}
		transport = &sdk.CommandTransport{Command: program}
	}
	session, err := sdk.NewClient(&sdk.Implementation{Name: "purser-test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		return func(question) answer { return answer{Failed: err.Error()} }
	}
	t.Cleanup(func() { _ = session.Close() })
	return func(q question) (a answer) {
		t.Helper()
		said, err := asked(t, session, q)
		if err != nil {
			return answer{Failed: err.Error()}
		}
		text, err := json.Marshal(said)
		if err == nil {
			err = json.Unmarshal(text, &a)
		}
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// asked puts a question with the Go client.
func asked(t *testing.T, s *sdk.ClientSession, q question) (any, error) {
	switch {
	case q.Tool != "":
		return s.CallTool(t.Context(), &sdk.CallToolParams{Name: q.Tool, Arguments: q.Arguments})
	case q.Read != "":
		r, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: q.Read})
		if err != nil {
			return nil, err
		}
		return map[string]string{"text": r.Contents[0].Text}, nil
	case q.Prompt != "":
		p, err := s.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: q.Prompt})
		if err != nil {
			return nil, err
		}
		return map[string]string{"text": p.Messages[0].Content.(*sdk.TextContent).Text}, nil
	}
	return s.ListTools(t.Context(), nil)
}

type withKey string

func (k withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+string(k))
	return http.DefaultTransport.RoundTrip(r)
}

// cli is the command line's program, built once.
var cli = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "purser")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../purser").CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: string(out), Err: err}
	}
	return path, err
})

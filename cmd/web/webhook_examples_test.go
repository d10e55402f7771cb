package main

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWebhookExamples runs the receivers of docs/webhooks.md, word for word: each
// takes the messages of a server, and refuses one that nobody signed.
func TestWebhookExamples(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "WEBHOOK_ALLOW_LOOPBACK=true")
	p.start()
	key := newGenerated(t, p.url(), "", "").found(p.url())
	for language, run := range map[string]func(*testing.T, string) *exec.Cmd{"go": goExample, "js": nodeExample, "python": plainPython} {
		t.Run(language, func(t *testing.T) {
			program := run(t, example(t, "webhooks.md", language))
			if program == nil {
				return
			}
			port := freePort(t)
			address := "http://127.0.0.1:" + port + "/"
			made := with(t, key, "POST", p.url()+"/v1/webhooks", fmt.Sprintf(`{"url":%q}`, address))
			receiver := exec.CommandContext(t.Context(), program.Path, append(program.Args[1:], port, made["secret"].(string))...)
			receiver.Dir, receiver.Env = program.Dir, program.Env
			receiver.Cancel = func() error { return receiver.Process.Signal(syscall.SIGTERM) }
			if err := receiver.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
					c.Close()
					break
				} else if time.Now().After(end) {
					t.Fatal(err)
				}
			}
			test := with(t, key, "POST", p.url()+"/v1/webhooks/"+made["id"].(string)+"/test", "")
			var now map[string]any
			for end := time.Now().Add(20 * time.Second); now["status"] != "delivered"; time.Sleep(50 * time.Millisecond) {
				if now = with(t, key, "GET", p.url()+"/v1/webhook-deliveries/"+test["id"].(string), ""); time.Now().After(end) {
					t.Fatalf("it does not take a message: %v", now)
				}
			}
			forged, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"webhook-id": "whd_1", "webhook-timestamp": fmt.Sprint(time.Now().Unix()), "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="} {
				forged.Header.Set(name, value)
			}
			answer, err := http.DefaultClient.Do(forged)
			if err != nil || answer.StatusCode != http.StatusBadRequest {
				t.Errorf("it takes a message that nobody signed: %v %v", answer, err)
			}
		})
	}
}

// plainPython needs nothing but Python.
func plainPython(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("LEFT OUT: there is no Python")
		return nil
	}
	return exec.Command("python3", file)
}

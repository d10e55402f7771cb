// Package browsertest drives a headless Chromium for tests: windows with
// cookies of their own, at a size, by day or night, with scripts or without; by
// keyboard or by touch. A window fails its test when the page complains, breaks
// its content policy, or asks another host for anything.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// programs are the names that Chromium goes by, the best first.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Browser is one Chromium for all windows of a test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Open starts a Chromium that ends with the test. It is false where there is
// none on PATH, which the log then says; with CI=true that is a failure.
func Open(t testing.TB) (*Browser, bool) {
	t.Helper()
	program := find()
	if program == "" {
		const missing = "LEFT OUT: the pages in a real browser: no Chromium on PATH (apt-get install chromium)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Log(missing)
		return nil, false
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en-GB"),
		// Nothing but this machine has a name.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &Browser{t: t, ctx: ctx}, true
}

func find() string {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Download does something that makes the browser save a file, and gives the
// file's name and content.
func (w *Window) Download(act func()) (name, content string) {
	w.t.Helper()
	dir := w.t.TempDir()
	_, err := chromedp.CallBrowser(w.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(w.ctx).BrowserContextID, DownloadPath: dir})
	if err != nil {
		w.t.Fatal(err)
	}
	act()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		if len(found) == 1 && !strings.HasSuffix(found[0], ".crdownload") {
			raw, err := os.ReadFile(found[0])
			if err != nil {
				w.t.Fatal(err)
			}
			return filepath.Base(found[0]), string(raw)
		}
	}
	w.t.Fatalf("no file was saved:\n%s", w.state())
	return "", ""
}

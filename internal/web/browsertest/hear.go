package browsertest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// hear keeps what the pages complain about: errors of scripts and of the
// console, what the content policy blocked, and requests to other hosts.
func (w *Window) hear(event any) {
	complaint := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != w.base.Host && strings.HasPrefix(u.Scheme, "http") {
			complaint = "asked another host: " + e.Request.URL
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			complaint = strings.Join(strings.Fields(e.Entry.Text+" "+e.Entry.URL), " ")
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			complaint = "console.error:"
			for _, a := range e.Args {
				complaint += " " + a.Description + string(a.Value)
			}
		}
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			complaint += " " + e.ExceptionDetails.Exception.Description
		}
	}
	if complaint == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, complaint)
}

// Expect lets pages complain with these words: Chromium calls every answer of
// 4xx an error.
func (w *Window) Expect(words string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, words)
}

// complain fails the test for everything that nobody expected.
func (w *Window) complain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, said := range w.said {
		if !slices.ContainsFunc(w.expected, func(words string) bool { return strings.Contains(said, words) }) {
			w.t.Errorf("the browser complains: %s", said)
		}
	}
}

// Package views is what people see: the pages, and the small set of parts that
// all of them are made of. A view shows what it is given and asks nobody.
package views

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// Frame is what every page needs to know about who looks at it.
type Frame struct {
	Title string
	// Path is the page's own address without the mode, such as /agents.
	Path string
	// Live is the mode; Base is what its addresses begin with.
	Live bool
	// Theme is day or night; empty follows the system.
	Theme string
	// Who is signed in; nobody on the pages before.
	Who access.Principal
	// Company is where they act; empty before there is one.
	Company company.Company
	// Companies are those that the person may choose from.
	Companies []company.Membership
	// CSRF is put into every form that changes something.
	CSRF string
	// Waiting is how many requests wait for a person, counted to one more than
	// MostWaiting.
	Waiting int
	// Heard is the position of the company's log up to which the page is new:
	// live updates go on from there.
	Heard int64
	// Flash is told once, after what a form did.
	Flash Flash
	// Now is the database's clock.
	Now time.Time
	// Refresh is where a browser without scripts goes by itself.
	Refresh Refresh
	// Scripts are addresses of scripts besides our own, such as Clerk's.
	Scripts []Script
}

// Refresh is an address of ours that a page is left for after so many seconds.
type Refresh struct {
	Seconds int
	To      string
}

// content is how the page's head says it.
func (r Refresh) content() string { return strconv.Itoa(r.Seconds) + "; url=" + r.To }

// Script is a script that a page loads beside our own, with its data
// attributes.
type Script struct {
	Src  string
	Data map[string]any
}

// Flash is a message about what was just done.
type Flash struct {
	Kind FlashKind
	Text string
}

// FlashKind says how a message is meant.
type FlashKind string

// The kinds of message.
const (
	Done   FlashKind = "done"
	Failed FlashKind = "failed"
)

// At is the address of a page in the frame's mode.
func (f Frame) At(path string) string { return f.Base() + path }

// Base is what addresses of the mode begin with: nothing in live mode.
func (f Frame) Base() string {
	if f.Live {
		return ""
	}
	return "/test"
}

// With is the address of a page with a query; empty values are left out. Pairs
// are name, value, name, value.
func (f Frame) With(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return f.At(path)
	}
	return f.At(path) + "?" + query.Encode()
}

// May says whether the person may do what the scope stands for, so that pages
// hide what the server would refuse.
func (f Frame) May(s access.Scope) bool { return f.Who.Can(s) }

// IsOwner says whether the person may do what only owners may.
func (f Frame) IsOwner() bool { return f.Who.Role == company.Owner }

// Zone is the company's, in which pages tell the time.
func (f Frame) Zone() *time.Location {
	zone, err := meter.LoadZone(f.Company.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Frozen says whether the company spends nothing in this mode.
func (f Frame) Frozen() bool { return f.Company.FrozenAt != nil }

// onPage says whether the page is the one of a menu's entry, or below it.
func (f Frame) onPage(path string) bool {
	return f.Path == path || strings.HasPrefix(f.Path, path+"/")
}

// otherMode is the same page in the other mode, or its list where the page is
// about a thing that only exists in this one.
func (f Frame) otherMode() string {
	other := f
	other.Live = !f.Live
	parts := strings.SplitN(strings.TrimPrefix(f.Path, "/"), "/", 3)
	if parts[0] == "settings" && len(parts) > 1 {
		return other.At("/settings/" + parts[1])
	}
	return other.At("/" + parts[0])
}

// MostWaiting is how far the requests that wait are counted for the menu.
const MostWaiting = 99

// waiting is the number beside the menu's entry.
func (f Frame) waiting() string {
	if f.Waiting > MostWaiting {
		return strconv.Itoa(MostWaiting) + "+"
	}
	return strconv.Itoa(f.Waiting)
}

// liveURL is where the page hears what changes; empty where nothing can.
func (f Frame) liveURL() string {
	if f.Company.Name == "" {
		return ""
	}
	return f.With("/live", "company", f.publicCompany(), "after", strconv.FormatInt(f.Heard, 10))
}

// CompanyHeader is the header in which htmx says which company the page shows:
// the session may have moved to another one meanwhile.
const CompanyHeader = "X-Purser-Company"

// companyHeader is the header as htmx wants it.
func (f Frame) companyHeader() string {
	return `{"` + CompanyHeader + `":"` + f.publicCompany() + `"}`
}

func (f Frame) publicCompany() string { return ident.Format(ident.Company, f.Company.ID) }

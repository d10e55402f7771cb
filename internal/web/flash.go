package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/getpurser/purser/views"
)

const flashCookie, themeCookie = "purser_flash", "purser_theme"

// flash tells the next page what was done. It is sealed, so that nobody else
// puts words into our mouth.
func (v *visit) flash(message views.Flash) {
	text, err := json.Marshal(message)
	if err != nil {
		return // a string and a kind: it cannot fail
	}
	v.cookie(flashCookie, v.web.seal.close("flash", string(text)), time.Minute)
}

// readFlash takes the message of the form before, once. Parts of pages leave it
// to the whole one.
func (v *visit) readFlash() {
	sealed := value(v.Request(), flashCookie)
	if sealed == "" || v.writes() || v.isHTMX() {
		return
	}
	v.dropCookie(flashCookie)
	if text, ok := v.web.seal.open("flash", sealed); ok {
		_ = json.Unmarshal([]byte(text), &v.frame.Flash) // ours, so it fits
	}
}

// theme is the person's choice of colours; empty follows the system.
func theme(r *http.Request) string {
	if t := value(r, themeCookie); t == "day" || t == "night" {
		return t
	}
	return ""
}

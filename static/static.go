// Package static holds the style sheet, scripts and pictures of the pages, in
// the binary. Each is served under a name with a hash of its content, so that a
// browser may keep it for ever and never has an old one.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

//go:embed *.css *.js *.svg vendor
var files embed.FS

// Root is where the files are served.
const Root = "/static/"

type asset struct {
	name    string
	content []byte
}

// catalogue is every file by its plain and by its hashed name.
type catalogue struct {
	hashed map[string]string
	byHash map[string]asset
}

// read is done once: the files are part of the binary.
var read = sync.OnceValue(func() catalogue {
	c := catalogue{hashed: map[string]string{}, byHash: map[string]asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		c.hashed[name] = hashedName(name, content)
		c.byHash[c.hashed[name]] = asset{name, content}
		return err
	})
	if err != nil {
		panic("static: the embedded files cannot be read: " + err.Error()) // the build is broken
	}
	return c
})

// hashedName puts the hash before the ending: app.4fA-x9Qe.css.
func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ending := path.Ext(name)
	return strings.TrimSuffix(name, ending) + "." + base64.RawURLEncoding.EncodeToString(sum[:6]) + ending
}

// URL is the address of a file, such as /static/app.4fA-x9Qe.css. A name that
// is not there is a mistake in the program.
func URL(name string) string {
	hashed, ok := read().hashed[name]
	if !ok {
		panic("static: there is no file " + name)
	}
	return Root + hashed
}

// Handler serves the files below Root, by their hashed names only.
func Handler() http.Handler {
	return gzhttp.GzipHandler(http.StripPrefix(Root, http.HandlerFunc(serve)))
}

func serve(w http.ResponseWriter, r *http.Request) {
	found, ok := read().byHash[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(found.name)))
	http.ServeContent(w, r, found.name, time.Time{}, strings.NewReader(string(found.content)))
}

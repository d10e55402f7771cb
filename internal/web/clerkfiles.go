package web

import (
	"net/http"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// ClerkScripts serves what browsers need of a directory that holds
// clerk-js/dist and ui/dist: scripts, and no listing.
func ClerkScripts(dir string) http.Handler {
	files := http.FileServerFS(os.DirFS(dir))
	return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Clean("/" + r.URL.Path)
		if path.Ext(name) != ".js" || !strings.HasPrefix(name, "/clerk-js/dist/") && !strings.HasPrefix(name, "/ui/dist/") {
			http.NotFound(w, r)
			return
		}
		// A new version of Clerk's package has the same name.
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	}))
}

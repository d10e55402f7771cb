package clerkstand

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// packages are Clerk's script and its forms, with the hash of what the registry
// of npm has under this version.
var packages = []struct{ name, version, sha512 string }{
	{"clerk-js", "6.40.0", "2MnZ/ygvuCmeuqfXQmsxfQaLN/SSJvQbtT2cLXbgr5VKr3KmZFZBVvX977fG3eZ6pprl4J9pO+I2bbe6BvColg=="},
	{"ui", "1.36.0", "uI96zYCh5jISLOt1mdpIPy/Y31P0kwFxjUFOxLUwFfTHFmGUcRjbqN6bbb+75tdI2Bz6ARGws3rhspDer+xIfQ=="},
}

// ErrNoScripts says that npm, or its registry, is out of reach.
var ErrNoScripts = errors.New("npm does not give Clerk's scripts")

// FetchScripts gets Clerk's own scripts from npm, unless an earlier run left
// them in the directory, and gives the directory that holds them as
// node_modules/@clerk does. It fetches the two packages and nothing that they
// depend on: what a browser loads is bundled.
func FetchScripts(ctx context.Context, cache string) (dir string, err error) {
	dir = cache
	for _, p := range packages {
		dir = filepath.Join(dir, p.name+"-"+p.version)
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), "part-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(part)) }()
	for _, p := range packages {
		archive, err := pack(ctx, part, "@clerk/"+p.name+"@"+p.version)
		if err != nil {
			return "", err
		}
		if sum := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(sum[:]) != p.sha512 {
			return "", fmt.Errorf("@clerk/%s %s is not what it was", p.name, p.version)
		}
		if err := unpack(archive, filepath.Join(part, p.name)); err != nil {
			return "", err
		}
	}
	if err := os.Rename(part, dir); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err // somebody else was first, and did the same
	}
	return dir, nil
}

func pack(ctx context.Context, dir, spec string) ([]byte, error) {
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "--fetch-retries=1", spec)
	npm.Dir = dir
	out, err := npm.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoScripts, err)
	}
	return os.ReadFile(filepath.Join(dir, filepath.Base(strings.TrimSpace(string(out)))))
}

// unpack writes the scripts of a package's dist.
func unpack(archive []byte, dir string) error {
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	files := tar.NewReader(plain)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, found := strings.CutPrefix(path.Clean(h.Name), "package/dist/")
		if !found || path.Ext(name) != ".js" || strings.Contains(name, "/") {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, "dist"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "dist", name), content, 0o644); err != nil {
			return err
		}
	}
}

// ServeScripts serves them as the Frontend API does, below a version.
func (s *Server) ServeScripts(dir string) {
	files := http.FileServerFS(os.DirFS(dir))
	s.change(func() {
		s.scripts = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/npm/@clerk/"), "/")
			name, _, _ = strings.Cut(name, "@")
			r.URL.Path = "/" + name + "/" + rest
			w.Header().Set("Access-Control-Allow-Origin", "*")
			files.ServeHTTP(w, r)
		})
	})
}

package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// mostPicture is how many bytes a picture of the README may have.
const mostPicture = 150_000

// TestPictures takes the README's pictures from the demo server, into the
// directory that PICTURES names. `make screenshots` does.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	o, ok := newTown(t, "demo")
	if !ok {
		t.Fatal("there is no browser to take pictures with")
	}
	w := o.window(browsertest.Look{Width: 1280, Height: 860})
	o.signIn(w, "owner@demo.test")
	take := func(name, place string) {
		browsertest.Eval[bool](w, `(document.activeElement?.blur(), `+place+`, true)`)
		content := fewColours(t, w.Picture())
		if len(content) > mostPicture {
			t.Errorf("%s has %d bytes", name, len(content))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const top = `window.scrollTo(0, 0)`
	w.Open("/overview")
	take("overview", top)
	w.Open("/approvals")
	take("inbox", top)
	w.Open("/policies")
	w.Open(browsertest.Eval[string](w, `[...document.querySelectorAll("main a[href^='/policies/pol_']")].find(a => a.innerText.includes("Procurement")).pathname + "/edit"`))
	w.Type("[name='rules[0].amount']", "1000")
	w.Until("the sentence", `document.querySelector("#policy-preview").innerText.includes("1,000.00")`)
	w.Do("button[value='simulate:30']")
	w.Until("the simulation", `document.querySelector("#simulation h3")`)
	take("policy-editor", `document.querySelector("[aria-label=Rules]").scrollIntoView(), document.querySelector("#simulation").closest("section").scrollIntoView({block: "nearest"})`)
	w.Open("/authorizations?reason=limit_exceeded")
	w.Open(browsertest.Eval[string](w, `document.querySelector("main a[href^='/authorizations/auth_']").pathname`))
	take("authorization", top)
	w.Open("/test/cards")
	w.Open(browsertest.Eval[string](w, `[...document.querySelectorAll("main a[href^='/test/cards/card_']")].find(a => a.innerText.includes("Trains")).pathname`))
	take("card", top)
}

// fewColours writes a picture with at most 256 colours, the ones that it has the
// most of: pages have few, and a third of the bytes is left.
func fewColours(t *testing.T, picture []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	bounds := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	out := image.NewPaletted(bounds, palette(count))
	nearest := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			if _, known := nearest[c]; !known {
				nearest[c] = uint8(out.Palette.Index(c))
			}
			out.SetColorIndex(x, y, nearest[c])
		}
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, out); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// palette is the 256 colours that there are the most of.
func palette(count map[color.RGBA]int) (out color.Palette) {
	var all []color.RGBA
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	for _, c := range all[:min(len(all), 256)] {
		out = append(out, c)
	}
	return out
}

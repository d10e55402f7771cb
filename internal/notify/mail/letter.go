package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"unicode"
)

// Letter is what every mail is made of. Its texts are plain: they are escaped
// where they need it.
type Letter struct {
	// Subject is one line: whatever would end it is left out.
	Subject string
	// Lines are paragraphs.
	Lines []string
	// Facts stand below them, each with its name.
	Facts []Fact
	// Link and Button lead to a page. Without a link there is no button.
	Link, Button string
	// After is the last paragraph, in small.
	After string
}

// Fact is a name and what it is.
type Fact struct{ Name, Value string }

// maxSubject bounds a subject in characters; the mail itself says the rest.
const maxSubject = 150

// To addresses the letter.
func (l Letter) To(address string) (Message, error) {
	l.Subject = oneLine(l.Subject)
	var html bytes.Buffer
	if err := page.Execute(&html, l); err != nil {
		return Message{}, fmt.Errorf("write the mail: %w", err)
	}
	return Message{To: address, Subject: l.Subject, Text: l.text(), HTML: html.String()}, nil
}

func (l Letter) text() string {
	var b strings.Builder
	for _, line := range l.Lines {
		b.WriteString(line + "\n\n")
	}
	for _, f := range l.Facts {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	if len(l.Facts) > 0 {
		b.WriteString("\n")
	}
	if l.Link != "" {
		b.WriteString(l.Link + "\n\n")
	}
	return b.String() + l.After + "\n"
}

// oneLine leaves nothing in a subject that could end its header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > maxSubject {
		s = string(runes[:maxSubject-1]) + "…"
	}
	return s
}

var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font-family:sans-serif;line-height:1.5;color:#1f2937;max-width:36rem;margin:2rem auto;padding:0 1rem">
{{range .Lines}}<p>{{.}}</p>
{{end}}{{with .Facts}}<table style="border-collapse:collapse;margin:1rem 0">
{{range .}}<tr><th scope="row" style="text-align:left;vertical-align:top;font-weight:normal;color:#4b5563;padding:.2rem 1rem .2rem 0">{{.Name}}</th><td style="padding:.2rem 0;overflow-wrap:anywhere">{{.Value}}</td></tr>
{{end}}</table>
{{end}}{{if .Link}}<p><a href="{{.Link}}" style="display:inline-block;background:#1f2937;color:#ffffff;padding:.6rem 1.2rem;border-radius:.4rem;text-decoration:none">{{.Button}}</a></p>
<p style="word-break:break-all">{{.Link}}</p>
{{end}}<p style="color:#4b5563">{{.After}}</p>
</body></html>
`))

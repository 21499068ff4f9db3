package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
)

//go:embed style.css
var style string

//go:embed page.html
var pages string

var parsed = template.Must(template.New("").Funcs(template.FuncMap{
	"iso":         func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"clock":       clock,
	"exact":       exact,
	"day":         func(t time.Time) string { return t.UTC().Format("2 Jan") },
	"num":         func(s Seconds) int64 { return int64(s) },
	"sum":         func(a, b int) int { return a + b },
	"count":       count,
	"counted":     counted,
	"size":        size,
	"symbol":      symbol,
	"serviceLink": func(name string) string { return address("service", name) },
	"jobLink":     func(service, id string) string { return address("service", service, "job", id) },
	"health":      healthMark,
	"readiness":   readinessMark,
	"outcome":     func(state string) mark { return mark{levelOf(state), words(state, maxMark)} },
	"verdict":     verdictMark,
	"delivery":    deliveryMark,
	"restorable":  restorableMark,
}).Parse(pages))

// Headers are what every answer must carry: the page runs no script and loads
// nothing, and nobody keeps it or frames it.
func Headers() map[string]string {
	sum := sha256.Sum256([]byte(style))
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer", // the address may hold a function key
		"Cache-Control":                "no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
	}
}

// frame is what surrounds every page.
type frame struct {
	Title, Environment string
	At                 time.Time
	Refresh            bool   // the page reloads by itself
	Live, Still        string // the same page, reloading and not
	Above              []link
	Style              template.CSS
}

type link struct{ Name, Address string }

// Page is the fleet's page. One that is live reloads every 30 seconds.
func Page(v View, live bool) ([]byte, error) {
	return render("overview", v.At, v.Environment, symbol(v.Answer.Level)+" "+v.Answer.Sentence, live, nil, nil, v)
}

// ServicePage is the page of one service.
func ServicePage(v ServiceView, live bool) ([]byte, error) {
	self := []string{"service", v.Service.Name}
	return render("service", v.At, v.Environment, v.Service.Name+": "+healthMark(v.Service).Word, live, self, []link{{"All services", address()}}, v)
}

// JobPage is the page of one job.
func JobPage(v JobView, live bool) ([]byte, error) {
	above := []link{{"All services", address()}}
	source := v.Job.Service
	if v.Job.Source != "" {
		source = v.Job.Source
	}
	above = append(above, link{source, address("service", source)})
	return render("job", v.At, v.Environment, v.Job.ID+": "+v.Job.State, live, []string{"service", v.Job.Service, "job", v.Job.ID}, above, v)
}

// Trouble is what there is to say where there is nothing to show.
type Trouble struct {
	At       time.Time `json:"at"`
	Sentence string    `json:"error"`
	Advice   string    `json:"advice"`
}

// NewTrouble says what is wrong, and what to do.
func NewTrouble(sentence, advice string, now time.Time) Trouble {
	t := Trouble{At: now.UTC(), Sentence: sentence, Advice: advice}
	tidy(&t)
	return t
}

// TroublePage is t's page.
func TroublePage(t Trouble) ([]byte, error) {
	return render("trouble", t.At, "", t.Sentence, false, nil, []link{{"All services", address()}}, t)
}

func render(name string, at time.Time, environment, title string, live bool, self []string, above []link, view any) ([]byte, error) {
	f := frame{
		Title: title, Environment: environment, At: at, Refresh: live, Above: above, Style: template.CSS(style),
		Live: address(append(self[:len(self):len(self)], "live", "on")...), Still: address(self...),
	}
	if name == "trouble" {
		f.Live = "" // the address of what is missing is not known here
	}
	var page bytes.Buffer
	if err := parsed.ExecuteTemplate(&page, name, struct {
		Frame frame
		View  any
	}{f, view}); err != nil {
		return nil, fmt.Errorf("draw the %s page: %w", name, err)
	}
	return page.Bytes(), nil
}

// address is this page with other parameters; empty ones are left out. It is
// relative, because nobody here knows the function app's own address.
func address(pairs ...string) string {
	var query []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query = append(query, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	return "?" + strings.Join(query, "&")
}

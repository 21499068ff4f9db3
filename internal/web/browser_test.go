package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const axeFile = "../../conformance/node_modules/axe-core/axe.min.js"

// needBrowser returns Chromium's path and axe-core. Without them the test is
// skipped; in CI it fails, unless LIFEBOAT_BROWSER=none says that none can be had.
func needBrowser(t *testing.T) (chromium, axe string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	var script []byte
	if err == nil {
		script, err = os.ReadFile(axeFile)
	}
	switch {
	case err == nil:
		return chromium, string(script)
	case os.Getenv("CI") != "" && os.Getenv("LIFEBOAT_BROWSER") != "none":
		t.Fatalf("the pages were shown to no browser: %v", err)
	}
	t.Skipf("THE PAGES WERE SHOWN TO NO BROWSER: %v. Install Debian's chromium, and: npm ci --prefix conformance", err)
	return "", ""
}

// served are all views, each below its name, with the headers of the app.
func served(t *testing.T) string {
	pages := shown(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		draw, ok := pages[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			t.Errorf("the browser asked for %s", r.URL.Path)
			http.NotFound(w, r)
			return
		}
		for name, value := range Headers() {
			w.Header().Set(name, value)
		}
		body, err := draw()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// browser is a Chromium that reaches this machine only.
func browser(t *testing.T, chromium string) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, // CI's container runs as root
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", chromium, err)
	}
	return ctx
}

// complaints are what the browser wrote to its console.
type complaints struct {
	mu    sync.Mutex
	texts []string
}

func listen(t *testing.T, ctx context.Context) *complaints {
	c := &complaints{}
	must(t, chromedp.Listen(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			c.texts = append(c.texts, e.Entry.Text)
		case *runtime.EventExceptionThrown, *page.EventJavascriptDialogOpening:
			c.texts = append(c.texts, fmt.Sprintf("a script ran: %+v", e))
		}
	}))
	return c
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts := c.texts
	c.texts = nil
	return texts
}

// finding is one of axe's violations.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// Every page, wide and narrow, light and dark: nothing to be scrolled
// sideways, nothing that axe objects to, and no complaint of the browser's
// own, such as one of the Content-Security-Policy. SCREENSHOTS names a folder
// for pictures of them all.
func TestPagesInABrowser(t *testing.T) {
	chromium, axe := needBrowser(t)
	base, ctx := served(t), browser(t, chromium)
	said := listen(t, ctx)
	for name := range shown(t) {
		for _, width := range []int64{1280, 360} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, scheme), func(t *testing.T) {
					dress(t, ctx, width, scheme)
					must(t, chromedp.Do(ctx, chromedp.Navigate(base+"/"+name)))
					if wide := evaluate[int64](t, ctx, `document.documentElement.scrollWidth`); wide > width {
						t.Errorf("%d px wide in a window of %d", wide, width)
					}
					want := map[string]string{"light": "rgb(251, 251, 250)", "dark": "rgb(21, 23, 26)"}[scheme]
					if ground := evaluate[string](t, ctx, `getComputedStyle(document.body).backgroundColor`); ground != want {
						t.Errorf("background = %s, want %s: was the style refused?", ground, want)
					}
					if texts := said.take(); len(texts) > 0 {
						t.Errorf("the browser complains: %q", texts)
					}
					picture(t, ctx, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
					check(t, ctx, axe, base+"/"+name)
					said.take()
				})
			}
		}
	}
}

// dress gives the window its width and the user's wish.
func dress(t *testing.T, ctx context.Context, width int64, scheme string) {
	t.Helper()
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: false})
	call(t, ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, name), shot, 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, script string, o ...chromedp.EvaluateOption) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, o...))
	must(t, err)
	return value
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	_, err := chromedp.Call(ctx, command, params)
	must(t, err)
}

// check lets axe look at a page, with everything unfolded. Only for that is
// the Content-Security-Policy put aside.
func check(t *testing.T, ctx context.Context, axe, url string) {
	t.Helper()
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	must(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	// Who asked for it gets a page that reloads by itself, and can stop it.
	live := evaluate[bool](t, ctx, `[...document.querySelectorAll('a')].some(a => a.textContent == 'stop')`)
	evaluate[string](t, ctx, axe+"; 'loaded'")
	evaluate[chromedp.Void](t, ctx, `document.querySelectorAll('details').forEach(d => d.open = true)`)
	report := evaluate[string](t, ctx, fmt.Sprintf(`axe.run({rules: {"meta-refresh": {enabled: %t}}}).then(r => JSON.stringify(r))`, !live), chromedp.EvalAwaitPromise)
	var found struct {
		Violations []finding
		Passes     []finding
	}
	if err := json.Unmarshal([]byte(report), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Passes) < 15 {
		t.Errorf("axe passed only %d rules: did it see the page?", len(found.Passes))
	}
	for _, f := range found.Violations {
		var where []string
		for _, n := range f.Nodes[:min(len(f.Nodes), 3)] {
			where = append(where, n.HTML+"\n\t"+n.FailureSummary)
		}
		t.Errorf("axe: %s (%s): %s, %d times, such as\n\t%s", f.ID, f.Impact, f.Help, len(f.Nodes), strings.Join(where, "\n\t"))
	}
}

// shown are all that the browser is shown.
func shown(t *testing.T) map[string]func() ([]byte, error) {
	all := views(t)
	all["hostile"] = hostilePage(t)
	for name, draw := range drawings(t) {
		if name == "service" || name == "restore" {
			all["hostile-"+name] = func() ([]byte, error) { return draw(attack), nil }
		}
	}
	return all
}

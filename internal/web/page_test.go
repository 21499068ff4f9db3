package web

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// views are what the golden pages and the browser show.
func views(t testing.TB) map[string]func() ([]byte, error) {
	t.Helper()
	k := busy(t)
	service, ok := About(k, "apim-weu", thirtyDays("apim-weu"))
	if !ok {
		t.Fatal("apim-weu is not in the plan")
	}
	empty, _ := About(k, "apim-new", Past{NoJobs: true})
	backup := failed("apim-weu", 3*hour)
	backup.Asked = job.Asked{Request: "r1", By: "ann@contoso.example", Why: "before the release"}
	restore := waiting("apim-weu", "inc7f3a")
	unread := partial(t, "apim-sea", "apim-neu-dr")
	torn, _ := About(k, "apim-neu", Past{Incomplete: true})
	return map[string]func() ([]byte, error){
		"quiet":      func() ([]byte, error) { return Page(Overview(quiet(t)), true) },
		"busy":       func() ([]byte, error) { return Page(Overview(k), false) },
		"incomplete": func() ([]byte, error) { return Page(Overview(unread), false) },
		"service":    func() ([]byte, error) { return ServicePage(service, false) },
		"torn":       func() ([]byte, error) { return ServicePage(torn, false) },
		"empty":      func() ([]byte, error) { return ServicePage(empty, false) },
		"failed":     func() ([]byte, error) { return JobPage(Detail(k.Plan, backup, nil, now), false) },
		"restore":    func() ([]byte, error) { return JobPage(Detail(k.Plan, restore, nil, now), true) },
		"trouble": func() ([]byte, error) {
			return TroublePage(NewTrouble("The tables can't be read.", "Ask again.", now))
		},
	}
}

var styleElement = regexp.MustCompile(`(?s)<style>.*</style>`)

func TestGoldenPages(t *testing.T) {
	for name, draw := range views(t) {
		t.Run(name, func(t *testing.T) {
			got, err := draw()
			if err != nil {
				t.Fatal(err)
			}
			got = onLines(t, styleElement.ReplaceAll(got, []byte("<style>see style.css</style>"))) // the same in all of them
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs; if that is meant, run the test with -update (-want +got):\n%s", file, diff)
			}
		})
	}
}

// onLines breaks a page between its tags, so that a golden page can be read. A
// page has no line break of its own that this could hide.
func onLines(t *testing.T, page []byte) []byte {
	t.Helper()
	if bytes.ContainsRune(page, '\n') {
		t.Error("the page has a line break")
	}
	return append(bytes.ReplaceAll(page, []byte("><"), []byte(">\n<")), '\n')
}

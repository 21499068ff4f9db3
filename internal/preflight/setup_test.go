package preflight_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/preflight"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const subscription = "00000000-0000-0000-0000-000000000001"

func weu() job.Service {
	return job.Service{
		Name: "apim-weu", Subscription: subscription, ResourceGroup: "rg", Resource: "contoso-weu", Account: "stbackups", Container: "apim",
		Access: job.Access{Mode: job.AccessSystemIdentity},
	}
}

func neu() job.Service {
	s := weu()
	s.Name, s.Resource = "apim-neu", "contoso-neu"
	return s
}

// parsed is the plan of one service with more settings, one a line.
func parsed(t *testing.T, top string, settings ...string) *plan.Plan {
	t.Helper()
	text := "version: 1\n" + top + "services:\n  apim-weu:\n    resourceId: /subscriptions/" + subscription +
		"/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso-weu\n    storageAccount: stbackups\n    container: apim\n"
	for _, s := range settings {
		text += "    " + s + "\n"
	}
	p, err := plan.Parse("lifeboat.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// protected is its service.
func protected(t *testing.T, settings ...string) plan.Service {
	t.Helper()
	return parsed(t, "", settings...).Services[0]
}

// sheet collects verdicts under the names of their cases, for a golden file.
type sheet struct {
	*testing.T
	text strings.Builder
}

func (s *sheet) add(name string, all ...preflight.Verdict) {
	s.Helper()
	fmt.Fprintf(&s.text, "%s\n", name)
	for _, v := range all {
		fmt.Fprintf(&s.text, "  %-4s %s of %q: %s\n", v.Level, v.Check, v.On, v.Found)
		if v.Remedy != "" {
			fmt.Fprintf(&s.text, "       to do: %s\n", v.Remedy)
		}
		bad := v.Level == preflight.Warn || v.Level == preflight.Fail
		switch {
		case v.Check == "" || v.Found == "":
			s.Errorf("%s: %+v says nothing", name, v)
		case bad != (v.Remedy != ""):
			s.Errorf("%s: %s with the remedy %q", name, v.Level, v.Remedy)
		case strings.ContainsAny(v.Found+v.Remedy, "\n\r") || strings.HasSuffix(v.Found, ".") || strings.Contains(v.Found, "%!"):
			s.Errorf("%s: %q is no sentence without its stop", name, v.Found)
		}
	}
}

func (s *sheet) golden(name string) {
	s.Helper()
	file := filepath.Join("testdata", name+".txt")
	got := s.text.String()
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			s.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// The faults that every check may meet.
var (
	none    = preflight.Fault{}
	missing = preflight.Fault{Status: 404, Code: "ResourceNotFound", Text: "read service contoso-weu: ResourceNotFound: it was not found."}
	denied  = preflight.Fault{Status: 403, Code: "AuthorizationFailed", Text: "HTTP 403 AuthorizationFailed from somewhere"}
	cut     = preflight.Fault{Text: "dial tcp 192.0.2.1:443: connect: connection refused"}
)

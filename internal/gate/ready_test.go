package gate

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fit is a standby that a failover could use at once.
func fit() ReadyFacts {
	return ReadyFacts{
		Standby: "apim-neu", Exists: Yes, ProvisioningState: "Succeeded", Tier: "Premium", PointTier: "Premium",
		Serving: No, Leased: No, Access: Yes,
	}
}

// standings are the scenes of readiness: what is other than in fit.
var standings = []struct {
	name   string
	change func(*ReadyFacts)
	ready  bool
	says   int // sentences
}{
	{"fit", func(*ReadyFacts) {}, true, 0},
	{"no backup yet, or one that does not say its tier", func(f *ReadyFacts) { f.PointTier = "" }, true, 0},
	{"the tier in another case", func(f *ReadyFacts) { f.Tier = "premium" }, true, 0},
	{"a job works on it and Azure has not begun", func(f *ReadyFacts) { f.Leased = Yes }, true, 0},
	{"a job works on it", func(f *ReadyFacts) { f.Leased, f.ProvisioningState = Yes, "Updating" }, true, 1},
	{"it may not be seen what it may read", func(f *ReadyFacts) { f.Access, f.AccessReason = Unknown, "Azure\nsays no." }, true, 1},
	{"nobody looked what it may read", func(f *ReadyFacts) { f.Access = Unknown }, true, 1},
	{"both", func(f *ReadyFacts) { f.Leased, f.ProvisioningState, f.Access = Yes, "Updating", Unknown }, true, 2},

	{"it is not there", func(f *ReadyFacts) { *f = ReadyFacts{Standby: f.Standby, Exists: No, Serving: No, Leased: No} }, false, 1},
	{"it is not known whether it is there", func(f *ReadyFacts) { f.Exists = Unknown }, false, 1},
	{"no state", func(f *ReadyFacts) { f.ProvisioningState = "" }, false, 1},
	{"somebody else's operation", func(f *ReadyFacts) { f.ProvisioningState = "Updating" }, false, 1},
	{"an operation of nobody knows whom", func(f *ReadyFacts) { f.ProvisioningState, f.Leased = "Activating", Unknown }, false, 1},
	{"a failed state", func(f *ReadyFacts) { f.ProvisioningState = "Failed" }, false, 1},
	{"a failed state while a job works on it", func(f *ReadyFacts) { f.ProvisioningState, f.Leased = "Failed", Yes }, false, 1},
	{"it goes away", func(f *ReadyFacts) { f.ProvisioningState, f.Leased = "Terminating", Yes }, false, 1},
	{"no tier", func(f *ReadyFacts) { f.Tier = "" }, false, 1},
	{"a tier without restore", func(f *ReadyFacts) { f.Tier, f.PointTier = "StandardV2", "StandardV2" }, false, 1},
	{"a tier other than the backup's", func(f *ReadyFacts) { f.Tier = "Standard" }, false, 1},
	{"both", func(f *ReadyFacts) { f.Tier = "Consumption" }, false, 2},
	{"serving", func(f *ReadyFacts) { f.Serving, f.ServingFor = Yes, "apim-weu" }, false, 1},
	{"serving for nobody knows whom", func(f *ReadyFacts) { f.Serving = Yes }, false, 1},
	{"it is not known whether it is serving", func(f *ReadyFacts) { f.Serving = Unknown }, false, 1},
	{"no access", func(f *ReadyFacts) { f.Access, f.AccessReason = No, "Its identity has no role. Grant it one." }, false, 1},
	{"no access, without a reason", func(f *ReadyFacts) { f.Access = No }, false, 1},
	{"what blocks drowns what is remarked", func(f *ReadyFacts) { f.Serving, f.Access = Yes, Unknown }, false, 1},
	{"everything at once", func(f *ReadyFacts) {
		f.Serving, f.ServingFor, f.ProvisioningState, f.Tier, f.Access, f.AccessReason = Yes, "apim-weu", "Updating", "Basic", No, "No role."
	}, false, 4},
	{"nothing is known", func(f *ReadyFacts) { *f = ReadyFacts{} }, false, 2},
	{"without a name", func(f *ReadyFacts) { f.Standby, f.ProvisioningState, f.Tier = "", "Updating", "Basic" }, false, 2},
}

// The file is for a reader to judge the wording.
func TestReady(t *testing.T) {
	var b strings.Builder
	for _, s := range standings {
		f := fit()
		s.change(&f)
		ready, reasons := Ready(f)
		if ready != s.ready || len(reasons) != s.says {
			t.Errorf("%s: %t, %q, want %t and %d sentences", s.name, ready, reasons, s.ready, s.says)
		}
		fmt.Fprintf(&b, "%s: %s\n", s.name, map[bool]string{true: "ready", false: "not ready"}[ready])
		for _, r := range reasons {
			fmt.Fprintf(&b, "    %s\n", r)
		}
	}

	const file = "testdata/ready.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

// everyStanding calls f with every combination of what can be known.
func everyStanding(f func(ReadyFacts)) {
	answers, tiers := []Answer{Unknown, Yes, No}, []string{"", "Premium", "Standard", "BasicV2"}
	for _, exists := range answers {
		for _, serving := range answers {
			for _, leased := range answers {
				for _, access := range answers {
					for _, state := range []string{"", "Succeeded", "Updating", "Failed", "Terminating"} {
						for _, tier := range tiers {
							for _, point := range tiers {
								f(ReadyFacts{
									Standby: "apim-neu", Exists: exists, ProvisioningState: state, Tier: tier, PointTier: point,
									Serving: serving, Leased: leased, Access: access,
								})
							}
						}
					}
				}
			}
		}
	}
}

// A standby is called ready exactly when a failover's own gates on the target
// would let it through, or would wait for Lifeboat's own job, and its access
// does not forbid it.
func TestReadyAgreesWithTheGates(t *testing.T) {
	everyStanding(func(f ReadyFacts) {
		w := alerted()
		w.f.Target.Exists, w.f.Target.ProvisioningState, w.f.Target.Tier, w.f.Target.Serving = f.Exists, f.ProvisioningState, f.Tier, f.Serving
		w.f.Point.Tier = f.PointTier
		if f.PointTier == "" {
			w.f.Point.Tier = f.Tier // it would be of this tier, as far as anybody knows
		}
		if f.Leased == Yes && f.ProvisioningState == "Updating" {
			w.f.Target.ProvisioningState = "Succeeded" // by the time
		}
		want := w.evaluate().Outcome == Passed && f.Access != No
		ready, reasons := Ready(f)
		if ready != want {
			t.Errorf("%+v: ready %t %q, want %t: %+v", f, ready, reasons, want, w.evaluate().Deciding())
		}
		if !ready && len(reasons) == 0 {
			t.Errorf("%+v: not ready, and no reason", f)
		}
		for _, r := range reasons {
			if !strings.HasSuffix(r, ".") || strings.ContainsAny(r, "\n%") || slices.Contains(strings.Fields(r), "(not") {
				t.Errorf("%+v: %q is no sentence", f, r)
			}
		}
	})
}

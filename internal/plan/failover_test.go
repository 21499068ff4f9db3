package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

const twoServices = `version: 1
defaults: {storageAccount: stbackups, container: apim, access: UserAssignedManagedIdentity, clientId: 00000000-0000-0000-0000-00000000000a}
services:
  apim-weu:
    resourceId: ` + id + `apim-weu
`

func TestParseReadsStandbysAndFailover(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(twoServices+`    standbys:
      apim-neu: {resourceId: `+id+`Apim-NEU, mode: warm}
      apim-sea: {resourceId: `+id+`apim-sea, access: SystemAssignedManagedIdentity}
    failover:
      mode: auto
      rules: [apim-weu-down, gateway availability]
      minFor: 3m
      safetyBackup: true
      approvers: call the platform team
`))
	if err != nil {
		t.Fatal(err)
	}
	s := p.Services[0]
	want := Failover{
		Mode: FailoverAuto, Rules: []string{"apim-weu-down", "gateway availability"}, MinFor: 3 * time.Minute, Cooldown: time.Hour,
		MaxPointAge: 48 * time.Hour, SafetyBackup: true, ApprovalExpiry: 15 * time.Minute, Approvers: "call the platform team",
	}
	if diff := cmp.Diff(want, s.Failover); diff != "" {
		t.Errorf("failover (-want +got):\n%s", diff)
	}
	neu, ok := s.Standby("apim-neu")
	if !ok || neu.Mode != StandbyWarm || neu.Resource != "Apim-NEU" || neu.Account != "stbackups" || neu.Access.ClientID != s.Access.ClientID {
		t.Errorf("apim-neu = %+v", neu)
	}
	if sea, _ := s.Standby("apim-sea"); sea.Mode != StandbyCold || sea.Access.Mode != job.AccessSystemIdentity {
		t.Errorf("apim-sea = %+v", sea)
	}
	if _, ok := s.Standby("nobody"); ok {
		t.Error("a standby that the plan does not name was found")
	}
}

func TestFailoverNeedsApprovalUnlessThePlanSaysOtherwise(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(twoServices))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Services[0].Failover.Mode; got != FailoverApprove {
		t.Errorf("mode = %s, want approve", got)
	}
}

func TestParseReportsMistakesAboutStandbys(t *testing.T) {
	tests := map[string]struct{ lines, want string }{
		"itself":               {"    standbys: {me: {resourceId: " + strings.ToUpper(id) + "apim-weu}}\n", "is the service itself"},
		"no resource":          {"    standbys: {b: {mode: cold}}\n", "services.apim-weu.standbys.b.resourceId: missing"},
		"a bad mode":           {"    standbys: {b: {resourceId: " + id + "b, mode: hot}}\n", `want cold or warm, got "hot"`},
		"an unknown key":       {"    standbys: {b: {resourceId: " + id + "b, tier: x}}\n", "unknown key: want one of resourceId, mode"},
		"a list":               {"    standbys: [a]\n", "want a mapping"},
		"auto without standby": {"    failover: {mode: auto}\n", "missing with failover mode auto"},
		"rules as text":        {"    failover: {rules: down}\n", "want a list of alert rules' names"},
		"too old a point":      {"    failover: {maxPointAge: 40d}\n", "is longer than restorableFor"},
		"a wait beyond an age": {"    failover: {approvalExpiry: 3d, maxPointAge: 2d}\n", "failover.approvalExpiry (72h0m0s) is longer than maxPointAge (48h0m0s): what is approved at its end would be too old"},
		"too long a wait":      {"    failover: {approvalExpiry: 15d}\n", "failover.approvalExpiry (360h0m0s) is longer than a restore may wait: want at most 14d"},
		"a name for two":       {"    standbys: {b: {resourceId: " + id + "b}}\n  c:\n    resourceId: " + id + "c\n    standbys: {b: {resourceId: " + id + "other}}\n", "stands for two different resources"},
		"two names for one":    {"    standbys: {b: {resourceId: " + id + "b}}\n  c:\n    resourceId: " + id + "c\n    standbys: {d: {resourceId: " + id + "b}}\n", "one resource has one name"},
		"not a truth":          {"    failover: {safetyBackup: maybe}\n", `want true or false, got "maybe"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("lifeboat.yaml", []byte(twoServices+tt.lines)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

// In a plan of hundreds of services a mistake must be found.
func TestAMistakeBetweenServicesHasTheLineOfOne(t *testing.T) {
	const services = `version: 1
defaults: {storageAccount: stbackups, container: apim}
services:
  a:
    resourceId: ID-a
    standbys: {x: {resourceId: ID-x}}
    failover: {rules: [down, down]}
  b:
    resourceId: ID-b
    standbys: {y: {resourceId: ID-x}}
    failover: {rules: [down]}
`
	_, err := Parse("p", []byte(strings.ReplaceAll(services, "ID-", id)))
	want := `p:4:3: services.a.failover.rules: alert rule "down" stands here twice
p:8:3: services.b.standbys.y: the same resource is called x elsewhere: one resource has one name
p:8:3: services.b.failover.rules: alert rule "down" belongs to a already`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

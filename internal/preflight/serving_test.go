package preflight_test

import (
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

func TestServing(t *testing.T) {
	const neu = "standbys: {apim-neu: {resourceId: /subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso-neu}}"
	s := &sheet{T: t}
	rows := func(name, servingFor string) map[string]job.Summary {
		return map[string]job.Summary{"apim-weu": {Service: "apim-weu"}, name: {Service: name, ServingFor: servingFor}}
	}
	s.add("nothing serves", preflight.Serving(parsed(t, "", neu), rows("apim-neu", ""))...)
	s.add("a standby serves", preflight.Serving(parsed(t, "", neu), rows("apim-neu", "apim-weu"))...)
	s.add("a standby that has become a service", preflight.Serving(parsed(t, ""), rows("apim-weu", "apim-old"))...)
	s.add("it has another name in the plan now", preflight.Serving(parsed(t, "", neu), rows("apim-nord", "apim-weu"))...)
	s.add("its source has another name in the plan now", preflight.Serving(parsed(t, "", neu), rows("apim-neu", "apim-west"))...)
	s.golden("serving")
}

package infra_test

import (
	"regexp"
	"slices"
	"strings"

	"lifeboat/internal/config"
)

const (
	appFile   = "modules/functionapp.bicep"
	authFile  = "modules/auth.bicep"
	mainFile  = "main.bicep"
	afterFile = "after.bicep"
)

// development are settings that lead to loopback, and have no place in Azure.
var development = []string{config.ARMEndpoint, config.ServiceBus, config.State, config.Backups}

// hosts are the settings that the Functions host and the platform read.
var hosts = []string{
	"AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId",
	"APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}

// given stands for what the modules are given when they are deployed.
var given = map[string]string{
	"identityClientId": "00000000-0000-0000-0000-00000000000a", "serviceBusHost": "x.servicebus.windows.net",
	"tableUri": "https://x.table.core.windows.net/", "logLevel": "info", "clouds[environment().name]": "public",
}

// checkSettings wants exactly the settings that Lifeboat and the host read, and
// config.Load to be content with them.
func checkSettings(t tree, m *mistakes) {
	f := t[appFile]
	settings := f.one("variable", "settings")
	if settings.Parts == nil {
		m.add(appFile, 1, "there are no settings")
		return
	}
	want := slices.DeleteFunc(config.Settings(), func(s string) bool { return slices.Contains(development, s) })
	sameSet(m, appFile, "app settings", settings.last().keys(), slices.Concat(want, hosts))
	table := t[mainFile].one("module", "state").body().at("params/tableName").String()
	values := map[string]string{config.Port: "7071"}
	for _, p := range settings.last().Properties {
		v := p.Value.String()
		if v == "tableName" {
			v = table
		} else if g, ok := given[v]; ok {
			v = g
		}
		values[p.Key] = v
	}
	for _, cloud := range f.one("variable", "clouds").last().Properties {
		values[config.Cloud] = cloud.Value.String()
		if _, err := config.Load(func(s string) string { return values[s] }); err != nil {
			m.add(appFile, settings.Line, "with cloud %s the app would not start: %v", cloud.Key, err)
		}
	}
	def, err := config.LoadOperator(func(s string) string { return map[string]string{config.StateTableURI: given["tableUri"]}[s] }, false)
	if err != nil || def.Table != table {
		m.add(mainFile, 1, "the table is called %s, and the code's is %s (%v)", table, def.Table, err)
	}
	if plan := values[config.PlanFile]; plan != "lifeboat.yaml" {
		m.add(appFile, settings.Line, "the package holds lifeboat.yaml, the app would read %s", plan)
	}
	sameSet(m, appFile, "settings of the authentication", f.one("variable", "authSettings").last().keys(), []string{
		t[authFile].one("resource", "auth").body().at("properties/identityProviders/azureActiveDirectory/registration/clientSecretSettingName").String(),
	})
	if got := f.one("resource", "appSettings").body(); got.at("name").String() != "appsettings" || !strings.HasPrefix(got.at("properties").Code, "union(settings,") {
		m.add(appFile, 1, "the settings are not the app's")
	}
}

var (
	function = regexp.MustCompile(`'function:(\w+)'`)
	resource = regexp.MustCompile(`/functions/(\w+)'`)
)

// checkFunctions wants every function that a template names to be there, with
// the trigger that it needs.
func checkFunctions(t tree, m *mistakes) {
	all := folders(m)
	named := 0
	for _, name := range t.names() {
		for pattern, trigger := range map[*regexp.Regexp]string{function: "serviceBusTrigger", resource: "eventGridTrigger"} {
			for _, found := range pattern.FindAllStringSubmatch(t[name].Text, -1) {
				named++
				if all[found[1]].Type != trigger {
					m.add(name, 1, "function %s is a %q, want a %s", found[1], all[found[1]].Type, trigger)
				}
			}
		}
	}
	if named < 2 {
		m.add(appFile, 1, "want function:JobStep and ConfigChange to be named, found %d", named)
	}
	hook := t[afterFile].one("module", "failoverGroup").body().at("params/hookUri").String()
	if want := "'${appUrl}/api/" + all["AlertHook"].Route + "'"; hook != want {
		m.add(afterFile, 1, "alerts go to %s, and AlertHook is at %s", hook, want)
	}
}

// checkAuthentication wants every HTTP function behind App Service
// authentication or a key, and the hook behind the first.
func checkAuthentication(t tree, m *mistakes) {
	body := t[authFile].one("resource", "auth").body().at("properties")
	validation := body.at("globalValidation")
	excluded := validation.at("excludedPaths").texts()
	open := []string{"/runtime/webhooks/eventgrid"}
	for name, b := range folders(m) {
		if b.Type != "httpTrigger" {
			continue
		}
		route := "/api/" + b.Route
		if b.Route == "" {
			route = "/api/" + name
		}
		switch {
		case name == "Metrics", name == "Api": // read by programs, which can't sign in as a person
			open = append(open, route)
			if b.AuthLevel != "function" {
				m.add(authFile, 1, "%s has neither authentication nor a key", name)
			}
		case slices.Contains(excluded, route):
			m.add(authFile, 1, "%s is left out of the authentication", name)
		}
	}
	sameSet(m, authFile, "excludedPaths", excluded, open)
	if body.at("platform/enabled").Literal != true || validation.at("requireAuthentication").Literal != true || body.at("httpSettings/requireHttps").Literal != true {
		m.add(authFile, 1, "the authentication is off")
	}
	receiver := t["modules/failover-group.bicep"].one("resource", "group").body().at("properties/webhookReceivers")
	if len(receiver.Items) != 1 || receiver.Items[0].at("useAadAuth").String() != "!empty(clientId)" || receiver.Items[0].at("useCommonAlertSchema").Literal != true {
		m.add("modules/failover-group.bicep", 1, "want one webhook, with Entra's token where there is an app registration, and the common alert schema")
	}
}

package infra_test

import "strings"

// Azure refuses names of deployments that are longer.
const longestDeployment = 64

// longest stands for what a name may hold at most: a service's name in the
// plan, a storage account's, a hash.
var longest = strings.NewReplacer(
	"${s.name}", strings.Repeat("s", 50), "${account.name}", strings.Repeat("a", 24), "${a.name}", strings.Repeat("a", 24), "${token}", strings.Repeat("t", 13),
	"${uniqueString(id)}", strings.Repeat("u", 13), "${uniqueString(s.id)}", strings.Repeat("u", 13), "${uniqueString(a.id)}", strings.Repeat("u", 13), "${uniqueString(g.id)}", strings.Repeat("u", 13),
	"${uniqueString(path)}", strings.Repeat("u", 13), "${uniqueString(grant)}", strings.Repeat("u", 13),
)

func checkDeploymentNames(t tree, m *mistakes) {
	for _, file := range []string{mainFile, afterFile} {
		for _, s := range t[file].all("module") {
			name := longest.Replace(strings.Trim(s.body().at("name").String(), "'"))
			if strings.Contains(name, "${") || len(name) > longestDeployment {
				m.add(file, s.Line, "module %s: the deployment's name %s can be longer than %d", s.Name, s.body().at("name"), longestDeployment)
			}
		}
	}
}
